import Basics
import Foundation
import Parterre
import TestSupport
import Testing

/// Guessing ahead as a caller asks for it, on the model that ships with the library.
@Suite struct SpeculationTests {
    static let prompts = [
        "one two three four, one two three four, one two three",
        "The garden in spring", "Tom said: \"I like the red ball.\" Lily said: \"I like the red",
    ]

    static func options(_ speculation: EngineOptions.Speculation) -> EngineOptions {
        var options = EngineOptions()
        options.cacheMemory = .bytes(32 << 20)
        options.threads = 2
        options.speculation = speculation
        return options
    }

    static var requests: [GenerationRequest] {
        let settings: [(inout SamplingParameters) -> Void] = [
            { _ in }, { $0.stop = ["red", ".\n"] }, { ($0.temperature, $0.topP, $0.seed) = (0.7, 0.9, 5) },
            { ($0.stop, $0.minTokens, $0.repetitionPenalty) = (["the", "and"], 20, 1.2) },
            { ($0.temperature, $0.topK, $0.logprobs) = (0.5, 20, 2) },
        ]
        return prompts.flatMap { prompt in
            settings.map { change in
                var parameters = SamplingParameters()
                parameters.maxTokens = 60
                change(&parameters)
                return GenerationRequest(prompt, parameters: parameters, n: parameters.temperature > 0 ? 2 : 1)
            }
        }
    }

    struct Run: Equatable {
        var completions: [[Completion]]
        /// Pieces of each request's first sample as they were streamed.
        var pieces: [[String]]
    }

    static func run(_ speculation: EngineOptions.Speculation) async throws -> (Run, EngineStatus) {
        let engine = try await Engine.load(options: options(speculation))
        let run = try await withThrowingTaskGroup(of: (Int, [Completion], [String]).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask {
                    var completions: [Completion] = []
                    var pieces: [String] = []
                    for try await event in engine.generate(request) {
                        switch event {
                        case .started, .promptLogprobs: break
                        case .token(let token): if token.sample == 0 { pieces.append(token.text) }
                        case .finished(let completion): completions.append(completion)
                        }
                    }
                    return (index, completions.sorted { $0.sample < $1.sample }, pieces)
                }
            }
            let all = try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }
            return Run(completions: all.map(\.1), pieces: all.map(\.2))
        }
        let status = await engine.status()
        await engine.shutdown()
        return (run, status)
    }

    @Test("texts, streamed pieces, ends and log-probabilities are those of plain decoding")
    func sameTexts() async throws {
        let (plain, plainStatus) = try await Self.run(.none)
        #expect(plainStatus.draftedTokens == 0)
        #expect(plain.completions.joined().contains { $0.finishReason == .stop })
        for speculation in [EngineOptions.Speculation.promptLookup, .draft(.bundled)] {
            let (run, status) = try await Self.run(speculation)
            #expect(run == plain, "\(speculation)")
            #expect(status.acceptedTokens <= status.draftedTokens)
            #expect(status.generatedTokens == plainStatus.generatedTokens)
        }
    }

    @Test("a draft model of another vocabulary is refused with the numbers")
    func otherVocabulary() async throws {
        let folder = try TemporaryDirectory()
        try RandomCheckpoint(hidden: 32, heads: 4).write(to: folder.url)
        await #expect(throws: EngineError.self) {
            _ = try await Engine.load(options: Self.options(.draft(.directory(folder.url))))
        }
        do {
            _ = try await Engine.load(options: Self.options(.draft(.directory(folder.url))))
        } catch let error as EngineError {
            #expect(error.message.contains("it has 97 tokens and default-model has 3072"))
        }
    }

    @Test("a draft model whose tokenizer gives another meaning to a token is refused by that token")
    func otherTokenizer() async throws {
        let bundled = try #require(ModelSource.bundled.url)
        let folder = try TemporaryDirectory()
        try RandomCheckpoint(hidden: 32, heads: 4, vocabulary: 3072).write(to: folder.url)
        let file = folder.url.appending(path: "tokenizer.json")
        let tokens = try String(contentsOf: bundled.appending(path: "tokenizer.json"), encoding: .utf8)
        // The same tokens, written otherwise, will do.
        try (tokens + "\n").write(to: file, atomically: true, encoding: .utf8)
        let engine = try await Engine.load(options: Self.options(.draft(.directory(folder.url))))
        await engine.shutdown()
        try tokens.replacing("</s>", with: "<s/>").write(to: file, atomically: true, encoding: .utf8)
        do {
            _ = try await Engine.load(options: Self.options(.draft(.directory(folder.url))))
            Issue.record("other tokens were taken")
        } catch let error as EngineError {
            #expect(error.message.contains("token 2 is another in the two tokenizers"), "\(error)")
        }
    }
}
