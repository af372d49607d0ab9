import ArgumentParser
import BatchFiles
import Forms
import Parterre
import Testing

@testable import ParterreCLI

@Suite("Beam search on lines and options")
struct BeamLineTests {
    private func parse(_ text: String, defaults: RequestOptions = RequestOptions()) -> Result<RequestLine, BadLine> {
        RequestLine.parse(Array(text.utf8), number: 7, defaults: defaults)
    }

    private func error(_ text: String) -> String? {
        if case .failure(let bad) = parse(text) { bad.error.message } else { nil }
    }

    @Test("a line asks for beams in Parterre's words, in transformers' and in vLLM's")
    func words() throws {
        for (text, beams, n) in [
            (#""beams": 5, "n": 2, "length_penalty": 0.6, "early_stopping": "never""#, 5, 2),
            (#""num_beams": 5, "num_return_sequences": 2, "length_penalty": 0.6, "early_stopping": "never""#, 5, 2),
            (#""use_beam_search": true, "n": 3, "length_penalty": 0.6, "early_stopping": "never""#, 3, 3),
            (
                #""use_beam_search": true, "n": 3, "best_of": 4, "length_penalty": 0.6, "early_stopping": "never""#, 4,
                3
            ),
        ] {
            let line = try parse(#"{"prompt": "x", \#(text)}"#).get()
            #expect(line.options.n == n)
            #expect(
                line.options.parameters.beams
                    == BeamParameters(count: beams, lengthPenalty: 0.6, earlyStopping: .never),
                "\(text)")
        }
        #expect(
            try parse(#"{"prompt": "x", "early_stopping": true}"#).get().options.parameters.beams.earlyStopping == .yes)
        #expect(
            try parse(#"{"prompt": "x", "early_stopping": false}"#).get().options.parameters.beams.earlyStopping == .no)
        #expect(
            try parse(#"{"prompt": "x", "use_beam_search": false, "n": 3}"#).get().options.parameters.beams.count == 1)
    }

    @Test(
        "a line that is wrong about beams says which field and why",
        arguments: [
            (#""beams": 1.5"#, "beams: must be a whole number"),
            (#""beams": 2, "num_beams": 2"#, "num_beams: and beams exclude each other"),
            (#""early_stopping": "always""#, #"early_stopping: must be true, false or "never""#),
            (#""early_stopping": 1"#, #"early_stopping: must be true, false or "never""#),
            (#""length_penalty": "1""#, "length_penalty: must be a number"),
            (#""n": 2, "num_return_sequences": 3"#, "num_return_sequences: is another word for n"),
            (#""best_of": 4"#, "best_of: is not served unless it equals n"),
        ])
    func wrong(_ fields: String, _ message: String) {
        #expect(error(#"{"prompt": "x", \#(fields)}"#) == message)
    }

    @Test("a temperature for other lines gives way to a line's search, its own does not")
    func temperature() throws {
        var defaults = RequestOptions()
        defaults.parameters.temperature = 0.8
        #expect(
            try parse(#"{"prompt": "x", "beams": 2}"#, defaults: defaults).get().options.parameters.temperature == 0)
        let both = try parse(#"{"prompt": "x", "beams": 2, "temperature": 0.5}"#, defaults: defaults).get()
        #expect(throws: RequestError.self) { try both.options.parameters.validate(vocabularySize: 100) }
    }

    @Test("options reach the search, and what the model recommends for drawing gives way to it")
    func options() throws {
        var recommended = SamplingParameters()
        recommended.temperature = 0.7
        let command = try GenerateCommand.parse([
            "--beams", "4", "--length-penalty", "-0.5", "--early-stopping", "true", "-n", "2", "x",
        ])
        let defaults = command.sampling.defaults(over: recommended)
        #expect(
            defaults.parameters.beams == BeamParameters(count: 4, lengthPenalty: -0.5, earlyStopping: .yes))
        #expect(defaults.parameters.temperature == 0 && defaults.n == 2)
        for (arguments, option) in [
            (["--beams", "0"], "--beams"), (["--beams", "129"], "--beams"), (["--beams", "2", "-n", "3"], "--n"),
            (["--length-penalty", "nan"], "--length-penalty"),
            (["--beams", "2", "--temperature", "1"], "--temperature"),
        ] {
            do {
                _ = try GenerateCommand.parse(arguments + ["x"])
                Issue.record("\(arguments) was taken")
            } catch {
                #expect(GenerateCommand.message(for: error).hasPrefix(option), "\(GenerateCommand.message(for: error))")
            }
        }
    }

    @Test("a text of a search tells its scores")
    func output() {
        let completion = Completion(
            sample: 0, text: "a", tokenIDs: [5, 6], finishReason: .length, promptTokens: 3, logprobs: nil,
            beam: BeamScore(cumulativeLogprob: -1.5, score: -0.75))
        #expect(
            NativeLine.completion(completion, id: .integer(1), tokenizer: nil).line.hasSuffix(
                #""completion_tokens":2,"cumulative_logprob":-1.5,"score":-0.75}"#))
    }
}
