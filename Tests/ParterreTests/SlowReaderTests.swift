import Basics
import Parterre
import Testing

/// Readers who take their events late, or never.
@Suite(.timeLimit(.minutes(10))) struct SlowReaderTests {
    private func withEngine(unread: Int, _ body: (Engine) async throws -> Void) async throws {
        var options = EngineTests.options
        options.mostUnreadTokens = unread
        let shape = BloomConfiguration(vocabularySize: 300, hiddenSize: 48, layerCount: 2, headCount: 6)
        let engine = try await Engine.load(
            .random(RandomModel(name: "tiny", configuration: shape, seed: 5)), options: options)
        let result: Result<Void, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutdown()
        try result.get()
    }

    @Test("a reader who comes when the text has ended finds all of it, and its blocks were free before")
    func late() async throws {
        try await withEngine(unread: 1000) { engine in
            let stream = engine.generate(EngineTests.request([5, 6, 7], tokens: 300, n: 2))
            // Work for a second request, which nothing holds up.
            let other = try await engine.complete(EngineTests.request([5, 6, 7], tokens: 300, n: 2))
            while await engine.status().cacheBlocksUsed > 0 { await Task.yield() }
            var tokens: [[TokenID]] = [[], []]
            var completions: [Completion] = []
            for try await event in stream {
                switch event {
                case .token(let token): tokens[token.sample].append(token.id)
                case .finished(let completion): completions.append(completion)
                case .started, .promptLogprobs: break
                }
            }
            completions.sort { $0.sample < $1.sample }
            #expect(tokens == other.map(\.tokenIDs) && completions == other)
        }
    }

    @Test("a reader for whom more waits than may loses its request alone, and its blocks are free")
    func tooSlow() async throws {
        try await withEngine(unread: 50) { engine in
            let stream = engine.generate(EngineTests.request([5, 6, 7], tokens: 1200))
            let other = try await engine.complete(EngineTests.request([8, 9], tokens: 50))
            #expect(other[0].completionTokens == 50)
            while await engine.status().runningSequences > 0 { await Task.yield() }
            let status = await engine.status()
            #expect(status.cacheBlocksUsed == 0 && status.requests.finished.error == 1)
            var read = 0
            await #expect(throws: RequestError.readerTooSlow(tokens: 50)) {
                for try await case .token in stream { read += 1 }
            }
            #expect(read == 51, "what waited is not lost")
        }
    }

    @Test("a search, whose tokens all come at its end, needs no reader until then")
    func beams() async throws {
        try await withEngine(unread: 5) { engine in
            var request = EngineTests.request([5, 6, 7], tokens: 40, n: 3)
            request.parameters.beams.count = 3
            let stream = engine.generate(request)
            while await engine.status().requests.finished.length < 3 { await Task.yield() }
            var tokens = 0
            for try await case .token in stream { tokens += 1 }
            #expect(tokens == 120)
        }
    }
}
