import Basics
import Parterre
import Testing

/// How many requests may wait.
@Suite(.timeLimit(.minutes(10))) struct QueueLimitTests {
    @Test("requests for which there is no place are refused at once, and taken again when there is", arguments: [0, 2])
    func limit(_ most: Int) async throws {
        var options = EngineTests.options
        options.maxBatch = 3
        options.mostWaiting = most
        let shape = BloomConfiguration(vocabularySize: 300, hiddenSize: 48, layerCount: 2, headCount: 6)
        let engine = try await Engine.load(
            .random(RandomModel(name: "tiny", configuration: shape, seed: 5)), options: options)
        // Long enough that none ends before the last is there.
        let streams = (0..<10).map { engine.generate(EngineTests.request([TokenID(5 + $0)], tokens: 600)) }
        var refused = 0
        var finished = 0
        for stream in streams {
            do {
                for try await case .finished in stream { finished += 1 }
            } catch RequestError.queueFull(let waiting) {
                #expect(waiting == most)
                refused += 1
            }
        }
        #expect(finished == 3 + most && refused == 7 - most)
        _ = try await engine.complete(EngineTests.request([9], tokens: 2))
        await engine.shutdown()
    }
}
