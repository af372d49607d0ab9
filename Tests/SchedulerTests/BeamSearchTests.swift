import Basics
import Kernels
import TestSupport
import Testing
import Tokenizers

@testable import Scheduler

/// The search over made-up distributions, without a model.
@Suite struct BeamSearchTests {
    /// A model whose logits are a function of the text so far.
    struct Toy {
        var vocabulary: Int
        var logits: ([TokenID]) -> [Float]

        /// Logits that hang on every token of the text.
        static func random(vocabulary: Int, seed: UInt64) -> Toy {
            Toy(vocabulary: vocabulary) { text in
                let key = text.reduce(seed) { ($0 &+ UInt64($1.index) &+ 1) &* 0x9E37_79B9_7F4A_7C15 }
                var generator = SplitMix64(seed: key)
                return (0..<vocabulary).map { _ in 2 * generator.normal() }
            }
        }

        /// The texts that the search finds, best first, and how many steps it took.
        func search(
            _ parameters: SamplingParameters, endTokens: [TokenID] = []
        ) throws -> (texts: [BeamSearch.Hypothesis], steps: Int) {
            let kernels = try KernelSet.select(named: nil)
            let scratch = SamplingScratch(vocabularySize: vocabulary)
            let end = EndCondition(parameters, modelEndTokens: endTokens)
            var search = BeamSearch(
                parameters.beams, maxTokens: parameters.maxTokens, endTokens: end.endTokens.count)
            var beams = [
                Beam(
                    writer: SampleWriter(
                        sample: 0, parameters: parameters, end: end, stops: StopStrings([]), detokenizer: nil),
                    adjustments: LogitAdjustments(
                        parameters, prompt: [], endTokens: end.endTokens, vocabularySize: vocabulary))
            ]
            var steps = 0
            while !beams.isEmpty {
                let candidates = beams.map { beam in
                    let member = BeamMember(beam: beam, search: search, parameters: parameters)
                    var row = logits(beam.writer.tokenIDs)
                    row.withUnsafeMutableBufferPointer { member.rank($0, scratch: scratch, kernels: kernels) }
                    return member.candidates
                }
                beams = search.advance(beams, candidates)
                steps += 1
            }
            return (search.hypotheses, steps)
        }

        /// Every text of that many tokens with its log-probability, best first, of equals the one that comes first
        /// alphabetically.
        func everyText(_ length: Int) throws -> [(tokens: [TokenID], score: Float)] {
            let kernels = try KernelSet.select(named: nil)
            let scratch = SamplingScratch(vocabularySize: vocabulary)
            var texts: [(tokens: [TokenID], score: Float)] = [([], 0)]
            for _ in 0..<length {
                texts = texts.flatMap { text in
                    logits(text.tokens).withUnsafeBufferPointer { row in
                        let distribution = LogprobReport(row, alternatives: 0, scratch: scratch, kernels)
                        return row.indices.map { token in
                            (text.tokens + [TokenID(token)], text.score + distribution.logprob(of: row[token]))
                        }
                    }
                }
            }
            return texts.sorted { $0.score > $1.score }
        }
    }

    private static func parameters(
        _ beams: BeamParameters, maxTokens: Int, _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.beams = beams
        parameters.maxTokens = maxTokens
        change(&parameters)
        return parameters
    }

    @Test(
        "with as many beams as there are texts but for the last token, the best of all texts are found",
        arguments: 1...5)
    func exhaustive(_ seed: Int) throws {
        let toy = Toy.random(vocabulary: 4, seed: UInt64(seed))
        let found = try toy.search(Self.parameters(BeamParameters(count: 64), maxTokens: 4)).texts
        let best = try toy.everyText(4).prefix(64)
        #expect(found.map(\.beam.writer.tokenIDs) == best.map(\.tokens))
        #expect(found.map(\.score) == best.map { $0.score / 4 })
    }

    @Test("equal scores go to the lowest beam, then to the lowest token")
    func ties() throws {
        let flat = Toy(vocabulary: 9) { _ in Array(repeating: 1, count: 9) }
        let found = try flat.search(Self.parameters(BeamParameters(count: 3), maxTokens: 3)).texts
        #expect(found.map(\.beam.writer.tokenIDs) == [[0, 0, 0], [0, 0, 1], [0, 0, 2]])
        // An end token among equals: texts that end in the same step keep their order, too.
        let ended = try flat.search(
            Self.parameters(BeamParameters(count: 2, lengthPenalty: 0), maxTokens: 2), endTokens: [1]
        ).texts
        #expect(ended.map(\.beam.writer.tokenIDs) == [[1], [0, 0]])
    }

    @Test("an end counts only among the first as many continuations as there are beams")
    func lateEnds() throws {
        // Token 3 ends a text; it is always third, so with two beams it never counts.
        let toy = Toy(vocabulary: 5) { _ in [4, 3.5, 0, 3, 0] }
        func texts(_ beams: Int) throws -> [[TokenID]] {
            let parameters = Self.parameters(BeamParameters(count: beams, lengthPenalty: 0), maxTokens: 3)
            return try toy.search(parameters, endTokens: [3]).texts.map(\.beam.writer.tokenIDs)
        }
        #expect(try texts(2) == [[0, 0, 0], [0, 0, 1]])
        #expect(try texts(3) == [[3], [0, 0, 0], [0, 0, 1]])
    }

    @Test("ending later can only make the texts better, and a length penalty chooses their length", arguments: 1...20)
    func earlyStopping(_ seed: Int) throws {
        let toy = Toy.random(vocabulary: 12, seed: UInt64(seed))
        func search(_ stopping: BeamParameters.EarlyStopping, _ penalty: Double) throws -> (scores: [Float], steps: Int)
        {
            let beams = BeamParameters(count: 3, lengthPenalty: penalty, earlyStopping: stopping)
            let found = try toy.search(Self.parameters(beams, maxTokens: 12), endTokens: [0, 1, 2])
            return (found.texts.map(\.score), found.steps)
        }
        for penalty in [0.5, 1, 2] {
            let runs = try [.yes, .no, .never].map { try search($0, penalty) }
            for (early, late) in zip(runs, runs.dropFirst()) {
                #expect(early.steps <= late.steps)
                #expect(zip(early.scores, late.scores).allSatisfy { $0 <= $1 }, "penalty \(penalty)")
            }
            #expect(runs.allSatisfy { $0.scores.count == 3 && $0.scores == $0.scores.sorted(by: >) })
        }
    }

    @Test("no end token comes before the least number of tokens")
    func minTokens() throws {
        let toy = Toy(vocabulary: 6) { _ in [0, 9, 1, 2, 1, 0] }
        let beams = BeamParameters(count: 2, lengthPenalty: 0)
        let found = try toy.search(Self.parameters(beams, maxTokens: 9) { $0.minTokens = 4 }, endTokens: [1]).texts
        #expect(found.allSatisfy { $0.beam.writer.finishReason == .stop && $0.beam.generated == 5 })
        #expect(found.allSatisfy { $0.beam.writer.tokenIDs.dropLast().allSatisfy { $0 != 1 } })
    }

    @Test("log-probabilities are the model's own, scores what penalties and biases make of them")
    func logprobs() throws {
        let toy = Toy.random(vocabulary: 20, seed: 5)
        let parameters = Self.parameters(BeamParameters(count: 3), maxTokens: 5) {
            $0.logprobs = 2
            $0.logitBias = [4: 3]
        }
        for text in try toy.search(parameters).texts {
            let logprobs = try #require(text.beam.writer.logprobs)
            #expect(logprobs.map(\.id) == text.beam.writer.tokenIDs && logprobs.allSatisfy { $0.top.count == 2 })
            let biased = Float(3 * text.beam.writer.tokenIDs.count { $0 == 4 })
            let sum = logprobs.reduce(0) { $0 + $1.logprob } + biased
            #expect(abs(sum - text.beam.score) < 1e-4 && abs(text.beam.score / 5 - text.score) < 1e-6)
        }
    }

    @Test("rows that are no numbers end no search and choose nothing that cannot be chosen")
    func improperRows() throws {
        for value in [Float.nan, -.infinity, .infinity] {
            let toy = Toy(vocabulary: 7) { _ in Array(repeating: value, count: 7) }
            let found = try toy.search(Self.parameters(BeamParameters(count: 2), maxTokens: 3), endTokens: [5])
            #expect(found.steps <= 3 && !found.texts.isEmpty)
        }
        let half = Toy(vocabulary: 8) { _ in [1, .nan, 2, .nan, 0, .nan, 3, -.infinity] }
        for text in try half.search(Self.parameters(BeamParameters(count: 2), maxTokens: 3)).texts {
            #expect(text.beam.writer.tokenIDs.allSatisfy { $0.index % 2 == 0 })
        }
    }
}
