import Foundation
import Parterre
import Synchronization
import Testing

/// Parterre against `transformers` on the same checkpoints: the one comparison that has a tolerance.
@Suite struct TransformersParityTests {
    struct Case {
        let golden: Golden.Checkpoint
        let tie: Float
        let tensors: GoldenTensors
        let engine: Engine
    }

    /// Runs `body` with the checkpoint loaded in float32.
    static func with(_ name: String, _ body: (Case) async throws -> Void) async throws {
        let golden = try Golden.load()
        let folder = try Golden.folder().appending(path: name)
        var options = EngineOptions()
        options.weights = .f32
        options.cacheMemory = .bytes(64 << 20)
        options.prefillChunk = 128
        let engine = try await Engine.load(.directory(folder), options: options)
        let item = Case(
            golden: try golden.checkpoint(name), tie: golden.tie,
            tensors: try GoldenTensors(folder.appending(path: "golden.safetensors")), engine: engine)
        let result: Result<Void, any Error>
        do { result = .success(try await body(item)) } catch { result = .failure(error) }
        await engine.shutdown()
        try result.get()
    }

    @Test(
        "float32 logits are at most twice as far from transformers' float64 run as its own float32 run is",
        arguments: Golden.names)
    func logits(_ name: String) async throws {
        try await Self.with(name) { item in
            for golden in item.golden.logits {
                let prompt = try item.tensors.tokens(golden.prompt)
                let expected = try item.tensors.doubles(golden.logits)
                let width = item.engine.vocabularySize
                let error = Mutex((largest: 0.0, positions: 0))
                try await item.engine.logits(of: [prompt], mode: .batched) { _, position, logits in
                    guard position >= golden.firstPosition else { return }
                    let row = (position - golden.firstPosition) * width
                    let worst = (0..<width).reduce(0.0) { max($0, abs(Double(logits[$1]) - expected[row + $1])) }
                    error.withLock { $0 = (max($0.largest, worst), $0.positions + 1) }
                }
                let found = error.withLock { $0 }
                #expect(found.positions == prompt.count - golden.firstPosition)
                #expect(found.positions * width == expected.count)
                // The long case has a figure of its own; a single short prompt's would be chance.
                let limit = golden.id == "long" ? golden.transformersF32Error : item.golden.transformersF32Error
                #expect(found.largest <= 2 * limit, "\(golden.id): \(found.largest) against \(limit)")
                #expect(
                    found.largest > 0 || golden.id == "p0", "an error of exactly 0 would be a comparison with itself")
            }
        }
    }

    @Test("greedy texts are transformers' token by token until two scores tie", arguments: Golden.names)
    func greedy(_ name: String) async throws {
        try await Self.with(name) { item in
            for golden in item.golden.greedy {
                let prompt = try item.tensors.tokens(golden.prompt)
                let expected = try item.tensors.tokens(golden.tokens)
                let margins = try item.tensors.floats(golden.margins)
                #expect(expected.count >= 200)
                let written = try await Self.write(prompt, expected.count, golden.repetitionPenalty, item.engine)
                let comparable = margins.firstIndex { $0 < item.tie } ?? expected.count
                #expect(comparable > 100, "too few steps before a tie to mean anything")
                #expect(written.prefix(comparable) == expected.prefix(comparable), "\(golden.tokens)")
            }
        }
    }

    @Test("a batch writes what transformers' left-padded batch writes", arguments: Golden.names)
    func batch(_ name: String) async throws {
        try await Self.with(name) { item in
            let golden = item.golden.batch
            let steps = try item.tensors.shape(golden.tokens)[1]
            let expected = try item.tensors.tokens(golden.tokens)
            let margins = try item.tensors.floats(golden.margins)
            let engine = item.engine
            try await withThrowingTaskGroup(of: (Int, [TokenID]).self) { group in
                for (row, name) in golden.prompts.enumerated() {
                    let prompt = try item.tensors.tokens(name)
                    group.addTask { (row, try await Self.write(prompt, steps, golden.repetitionPenalty, engine)) }
                }
                for try await (row, written) in group {
                    let range = row * steps..<(row + 1) * steps
                    let comparable = margins[range].firstIndex { $0 < item.tie }.map { $0 - range.lowerBound } ?? steps
                    #expect(
                        Array(written.prefix(comparable)) == Array(expected[range].prefix(comparable)), "row \(row)")
                }
            }
        }
    }

    static func write(
        _ prompt: [TokenID], _ steps: Int, _ repetitionPenalty: Float, _ engine: Engine
    ) async throws -> [TokenID] {
        var parameters = SamplingParameters()
        parameters.maxTokens = steps
        parameters.ignoreEOS = true
        parameters.repetitionPenalty = repetitionPenalty
        let completions = try await engine.complete(GenerationRequest(.tokens(prompt), parameters: parameters))
        return completions[0].tokenIDs
    }
}
