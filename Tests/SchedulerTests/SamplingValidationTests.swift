import Basics
import Testing

@testable import Scheduler

@Suite("Validation of a request")
struct SamplingValidationTests {
    private typealias Change = @Sendable (inout SamplingParameters) -> Void

    /// Field by field, what is out of its range.
    private static let refused: [(field: String, changes: [Change])] = [
        (
            "max_tokens",
            [{ $0.maxTokens = 0 }, { $0.maxTokens = -1 }, { $0.maxTokens = .min }, { $0.maxTokens = .max }]
        ),
        ("min_tokens", [{ $0.minTokens = -1 }, { $0.minTokens = 129 }, { $0.minTokens = .max }]),
        (
            "temperature",
            [{ $0.temperature = -0.1 }, { $0.temperature = .nan }, { $0.temperature = .infinity }]
        ),
        ("top_k", [{ $0.topK = -2 }, { $0.topK = .min }]),
        ("top_p", [{ $0.topP = 0 }, { $0.topP = 1.001 }, { $0.topP = -1 }, { $0.topP = .nan }]),
        ("min_p", [{ $0.minP = -0.001 }, { $0.minP = 1.001 }, { $0.minP = .nan }]),
        (
            "repetition_penalty",
            [
                { $0.repetitionPenalty = 0 }, { $0.repetitionPenalty = -1 }, { $0.repetitionPenalty = .infinity },
                { $0.repetitionPenalty = .nan },
            ]
        ),
        (
            "presence_penalty",
            [{ $0.presencePenalty = 2.1 }, { $0.presencePenalty = -2.1 }, { $0.presencePenalty = .nan }]
        ),
        (
            "frequency_penalty",
            [{ $0.frequencyPenalty = 2.1 }, { $0.frequencyPenalty = -.infinity }, { $0.frequencyPenalty = .nan }]
        ),
        (
            "logit_bias",
            [
                { $0.logitBias = [1000: 1] }, { $0.logitBias = [-1: 1] }, { $0.logitBias = [3: 101] },
                { $0.logitBias = [3: .nan] },
            ]
        ),
        ("stop", [{ $0.stop = [""] }, { $0.stop = Array(repeating: "x", count: 17) }]),
        ("stop_token_ids", [{ $0.stopTokenIDs = [1000] }, { $0.stopTokenIDs = [-1] }]),
        ("logprobs", [{ $0.logprobs = -1 }, { $0.logprobs = 21 }]),
    ]

    private static let accepted: [Change] = [
        { _ in },
        { $0.maxTokens = SamplingParameters.mostTokens }, { $0.minTokens = 128 }, { $0.temperature = 2 },
        { $0.topK = -1 }, { $0.topK = .max }, { $0.topP = 0.001 }, { $0.minP = 1 }, { $0.repetitionPenalty = 0.5 },
        { $0.presencePenalty = -2 }, { $0.frequencyPenalty = 2 }, { $0.logitBias = [0: -100, 999: 100] },
        { $0.stop = Array(repeating: "x", count: 16) }, { $0.stopTokenIDs = [0, 999] }, { $0.logprobs = 0 },
        { $0.logprobs = 20 }, { $0.seed = .max },
    ]

    private func field(of error: RequestError?) -> String? {
        guard case .invalid(let field, let reason) = error else { return nil }
        #expect(!reason.isEmpty && !reason.contains("\n"))
        return field
    }

    private func error(n: Int = 1, _ change: Change = { _ in }) -> RequestError? {
        var parameters = SamplingParameters()
        change(&parameters)
        do throws(RequestError) {
            try parameters.validate(n: n, vocabularySize: 1000)
            return nil
        } catch {
            return error
        }
    }

    @Test("a value out of its field's range is refused by the field's name")
    func ranges() {
        for (name, changes) in Self.refused {
            for (index, change) in changes.enumerated() {
                #expect(field(of: error(change)) == name, "\(name), case \(index)")
            }
        }
    }

    @Test("values at the borders of the ranges are accepted")
    func borders() {
        for (index, change) in Self.accepted.enumerated() { #expect(error(change) == nil, "case \(index)") }
    }

    @Test("n is between 1 and 128", arguments: [Int.min, -1, 0, 129, Int.max])
    func samples(n: Int) {
        #expect(field(of: error(n: n)) == "n")
        #expect(error(n: 1) == nil && error(n: 128) == nil)
    }

    @Test("the sentence names value and range")
    func sentence() {
        #expect(error { $0.topP = 1.5 }?.message == "top_p: must be greater than 0 and at most 1, but is 1.5")
        #expect(
            error { $0.logitBias = [7: 101, 5: 200] }?.message
                == "logit_bias: the bias of token 5 must be between -100 and 100, but is 200.0")
        #expect(
            error { $0.stopTokenIDs = [1000] }?.message
                == "stop_token_ids: token 1000 is not in the model's vocabulary of 1000 tokens")
    }

    @Test("a prompt of token ids is not empty and lies in the vocabulary")
    func prompts() {
        func refusal(_ ids: [TokenID]) -> String? {
            do throws(RequestError) {
                try GenerationRequest(.tokens(ids)).validate(vocabularySize: 1000)
                return nil
            } catch {
                return field(of: error)
            }
        }
        #expect(refusal([]) == "prompt")
        #expect(refusal([0, 999]) == nil)
        #expect(refusal([0, 1000]) == "prompt_token_ids")
        #expect(refusal([-1]) == "prompt_token_ids")
    }
}
