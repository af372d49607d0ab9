import ArgumentParser
import BatchFiles
import Forms
import Foundation
import Parterre
import Testing

@testable import ParterreCLI

@Suite("Options")
struct OptionsTests {
    private func generate(_ arguments: String...) throws -> GenerateCommand { try GenerateCommand.parse(arguments) }

    @Test("defaults are the library's")
    func defaults() throws {
        let command = try generate("x")
        #expect(command.sampling.defaults(over: SamplingParameters()) == RequestOptions())
        var options = EngineOptions()
        // Only a server reads chats.
        options.chatTemplate = .none
        #expect(command.engine.options == options)
        #expect(command.batching.batching == .continuous)
        #expect(command.model.source == .bundled)
    }

    @Test("a server chats by the model's template, by that of a file, or not at all")
    func chatTemplate() throws {
        for (arguments, wanted) in [
            ([], .model), (["--chat-template", "none"], .none),
            (["--chat-template", "/a/b.jinja"], .file(URL(filePath: "/a/b.jinja"))),
        ] as [([String], EngineOptions.ChatTemplateSource)] {
            let command = try ServeCommand.parse(arguments)
            #expect(command.serving(command.engine).chatTemplate == wanted)
        }
    }

    @Test("a server bounds its steps unless told otherwise, a run over lines does not")
    func stepTime() throws {
        func served(_ arguments: String...) throws -> Duration? {
            let command = try ServeCommand.parse(arguments)
            return command.serving(command.engine).stepTime
        }
        #expect(try served() == .milliseconds(500))
        #expect(try served("--step-time", "none") == nil)
        #expect(try served("--step-time", "0.25") == .milliseconds(250))
        #expect(try generate("x").engine.options.stepTime == nil)
        #expect(try generate("--step-time", "2", "x").engine.options.stepTime == .seconds(2))
        for wrong in ["0", "-1", "nan", "soon", "1e9", ""] { #expect(StepTime(argument: wrong) == nil, "\(wrong)") }
    }

    @Test("what the model recommends goes before the library's defaults, an option before both")
    func recommended() throws {
        var recommended = SamplingParameters()
        recommended.temperature = 0.7
        recommended.topP = 0.9
        let defaults = try generate("--temperature", "0", "x").sampling.defaults(over: recommended)
        #expect(defaults.parameters.temperature == 0 && defaults.parameters.topP == 0.9)
    }

    @Test("every option reaches the engine")
    func everyOption() throws {
        let command = try generate(
            "--max-tokens", "5", "--min-tokens", "2", "--temperature", "0.7", "--top-k", "-1", "--top-p", "0.9",
            "--min-p", "0.05", "--repetition-penalty", "1.3", "--presence-penalty", "-1.5", "--frequency-penalty", "-2",
            "--logit-bias", "5=-100", "--logit-bias", "6=2.5", "--seed", "18446744073709551615", "--n", "3",
            "--stop", "-x", "--stop", "\n", "--stop-token-ids", "5,7", "--stop-token-ids", "9", "--ignore-eos",
            "--logprobs", "4", "--weights", "bf16", "--kv-cache", "f32", "--block-size", "16", "--cache-memory",
            "512MB", "--swap-space", "2GiB", "--preemption", "recompute", "--max-batch", "3", "--priority", "-4",
            "--deadline", "1.5", "--prefill-chunk", "7", "--no-prefix-cache", "--threads", "2", "--isa", "portable",
            "--batching", "static", "--model", "/m", "x")
        let defaults = command.sampling.defaults(over: SamplingParameters())
        let p = defaults.parameters
        #expect(p.maxTokens == 5 && p.minTokens == 2 && p.temperature == 0.7 && p.topK == -1 && p.topP == 0.9)
        #expect(p.minP == 0.05 && p.repetitionPenalty == 1.3 && p.presencePenalty == -1.5 && p.frequencyPenalty == -2)
        #expect(p.logitBias == [5: -100, 6: 2.5] && p.seed == .max && p.stop == ["-x", "\n"])
        #expect(p.stopTokenIDs == [5, 7, 9] && p.ignoreEOS && p.logprobs == 4)
        #expect(defaults.n == 3)
        let options = command.engine.options
        #expect(
            options.weights == .bf16 && options.kvCache == .f32 && options.blockSize == 16
                && options.cacheMemory == .bytes(512_000_000))
        #expect(options.swapSpace == 2 << 30 && options.preemption == .recompute)
        var urgent = defaults
        command.urgency.apply(to: &urgent)
        #expect(urgent.priority == -4 && urgent.deadline == .milliseconds(1500))
        #expect(options.maxBatch == 3 && options.prefillChunk == 7 && !options.prefixCache && options.threads == 2)
        #expect(options.instructionSet == "portable")
        #expect(command.batching.batching == .static)
        #expect(command.prompts == ["x"])
    }

    @Test("tokens are guessed from the text or by a draft model, not by both")
    func speculation() throws {
        #expect(try generate("x").engine.options.speculation == .none)
        let lookup = try generate("--speculate", "ngram", "--draft-tokens", "4", "x").engine.options
        #expect(lookup.speculation == .promptLookup && lookup.draftTokens == 4)
        let draft = try generate("--draft-model", "/small", "x").engine.options
        #expect(draft.speculation == .draft(.directory(URL(filePath: "/small", directoryHint: .isDirectory))))
        #expect(throws: (any Error).self) { try generate("--draft-model", "/small", "--speculate", "ngram", "x") }
        #expect(throws: (any Error).self) { try generate("--speculate", "beam", "x") }
    }

    @Test(
        "a value out of range is a usage error that names the option",
        arguments: [
            ["--top-p", "0"], ["--top-p", "nan"], ["--temperature", "-1"], ["--max-tokens", "0"], ["--min-p", "1.5"],
            ["--repetition-penalty", "0"], ["--presence-penalty", "3"], ["--n", "0"], ["--logprobs", "21"],
            ["--stop", ""], ["--top-k", "-2"], ["--min-tokens", "999"], ["--deadline", "0"], ["--deadline", "1e10"],
            ["--priority", "3000000000"],
        ])
    func outOfRange(_ arguments: [String]) {
        do {
            _ = try GenerateCommand.parse(arguments + ["x"])
            Issue.record("\(arguments) was taken")
        } catch {
            #expect(GenerateCommand.exitCode(for: error) == .validationFailure)
            #expect(
                GenerateCommand.message(for: error).hasPrefix(arguments[0]), "\(GenerateCommand.message(for: error))")
        }
    }

    @Test("an amount of memory is bytes, a share, or auto")
    func memory() {
        func amount(_ text: String) -> EngineOptions.CacheMemory? { MemoryAmount(argument: text)?.value }
        #expect(amount("2GiB") == .bytes(2 << 30))
        #expect(amount("2g") == .bytes(2 << 30))
        #expect(amount("512MB") == .bytes(512_000_000))
        #expect(amount("1.5 KiB") == .bytes(1536))
        #expect(amount("4096") == .bytes(4096))
        #expect(amount("50%") == .share(0.5))
        #expect(amount("100%") == .share(1))
        #expect(amount("auto") == .automatic)
        for wrong in ["", "0", "-1", "0%", "101%", "GiB", "5X", "1.2.3GB", "99999999999999999999", "nan%", "٣"] {
            #expect(amount(wrong) == nil, "\(wrong)")
        }
    }

    @Test("a swap space is bytes, none, or the engine's to choose")
    func swapSpace() {
        #expect(SwapAmount(argument: "0")?.bytes == .some(0))
        #expect(SwapAmount(argument: "1GiB")?.bytes == 1 << 30)
        #expect(SwapAmount(argument: "auto") == SwapAmount(bytes: nil))
        for wrong in ["", "-1", "50%", "much"] { #expect(SwapAmount(argument: wrong) == nil, "\(wrong)") }
    }

    @Test("a chunk of prompt tokens is a number, or the engine's to choose")
    func prefillChunk() throws {
        #expect(try generate("--prefill-chunk", "auto", "x").engine.options.prefillChunk == nil)
        #expect(try generate("--prefill-chunk", "96", "x").engine.options.prefillChunk == 96)
        for wrong in ["", "many", "1.5", "AUTO "] { #expect(PrefillChunk(argument: wrong) == nil, "\(wrong)") }
    }

    @Test("what generate does follows from its arguments")
    func modes() throws {
        func mode(_ arguments: GenerateMode.Arguments) throws -> GenerateMode { try GenerateMode(arguments) }
        #expect(try mode(.init(prompts: ["a"])) == .plainText)
        #expect(try mode(.init(prompts: ["a"], json: true)) == .argumentLines(output: nil))
        #expect(try mode(.init(prompts: ["a"], output: "o")) == .argumentLines(output: "o"))
        #expect(try mode(.init(input: "i")) == .fileLines(input: "i", output: nil))
        #expect(try mode(.init(input: "i", output: "-")) == .fileLines(input: "i", output: nil))
        #expect(try mode(.init(input: "-", output: "o", resume: true)) == .fileLines(input: "-", output: "o"))
        #expect(try mode(.init(stdinIsTerminal: false)) == .fileLines(input: "-", output: nil))
        for wrong: GenerateMode.Arguments in [
            .init(), .init(prompts: ["a"], input: "i"), .init(prompts: ["a", ""]), .init(input: "i", resume: true),
            .init(input: "i", output: "-", resume: true), .init(input: "i", output: "o", retryErrors: true),
        ] {
            #expect(throws: ValidationError.self) { try mode(wrong) }
        }
    }

    @Test("every option of every command has a help text")
    func help() {
        let commands: [any ParsableCommand.Type] = [
            GenerateCommand.self, LogitsCommand.self, TokenizeCommand.self, TopologyCommand.self, InspectCommand.self,
        ]
        for command in commands {
            let lines = command.helpMessage(columns: 120).split(separator: "\n")
            for (line, next) in zip(lines, lines.dropFirst()) where line.hasPrefix("  -") {
                // A long name has its text on the next line, in the column of the others' texts.
                let column = String(repeating: " ", count: 26)
                #expect(line.count > 26 || next.hasPrefix(column), "\(line)")
            }
        }
    }
}
