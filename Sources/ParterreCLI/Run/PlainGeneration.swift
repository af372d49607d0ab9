import BatchFiles
import Forms
import Foundation
import Parterre

/// `parterre generate` for people: prompts from the command line, texts as they grow.
struct PlainGeneration {
    var prompts: [String]
    var defaults: RequestOptions
    var model: @Sendable () async throws -> LoadedModel

    private enum News {
        case piece(String, PlainText.Section)
        case end(PlainText.Section)
        case failure(prompt: Int, FieldError)
    }

    /// - Throws: `CommandError`, also when one of the prompts could not be answered.
    func run() async throws {
        let engine = try await model().engine
        if engine.tokenizer == nil { throw RequestError.noTokenizer }
        try defaults.check(engine)
        let writer = LineWriter.standardOutput()
        let end: @Sendable () -> Void = {
            Console.shared.line("\nparterre: interrupted")
            writer.exitBetweenLines(1)
        }
        // There are no lines to finish: who reads along has read enough.
        Interrupt().listen(first: end, again: end)
        do {
            let failures = try await print(engine, to: writer)
            await engine.shutdown()
            if failures > 0 { throw CommandError.failed("\(failures) prompts could not be answered") }
        } catch {
            throw CommandError(duringRun: error)
        }
    }

    /// - Returns: how many prompts could not be answered.
    private func print(_ engine: Engine, to writer: LineWriter) async throws -> Int {
        var text = PlainText(
            prompts: prompts, samples: defaults.n, showsControls: !StandardStreams.outputIsTerminal)
        var failures = 0
        let (news, feed) = AsyncStream<News>.makeStream()
        let tasks = Task { await collect(engine, feed) }
        defer { tasks.cancel() }
        try await writer.write(text: text.start())
        for await event in news {
            switch event {
            case .piece(let piece, let section):
                try await writer.write(text: text.append(piece, to: section))
            case .end(let section):
                try await writer.write(text: text.end(section))
            case .failure(let prompt, let error):
                failures += 1
                for sample in 0..<defaults.n {
                    try await writer.write(text: text.end(.init(prompt: prompt, sample: sample)))
                }
                Console.shared.line("parterre: prompt \(prompt + 1): \(error.message)")
            }
        }
        return failures
    }

    private func collect(_ engine: Engine, _ feed: AsyncStream<News>.Continuation) async {
        await withTaskGroup(of: Void.self) { group in
            for (prompt, text) in prompts.enumerated() {
                let request = defaults.request(.text(text))
                group.addTask {
                    do {
                        for try await event in engine.generate(request) {
                            switch event {
                            case .started, .promptLogprobs: break
                            case .token(let token):
                                feed.yield(.piece(token.text, .init(prompt: prompt, sample: token.sample)))
                            case .finished(let completion):
                                feed.yield(.end(.init(prompt: prompt, sample: completion.sample)))
                            }
                        }
                    } catch {
                        feed.yield(.failure(prompt: prompt, FieldError(error)))
                    }
                }
            }
        }
        feed.finish()
    }
}
