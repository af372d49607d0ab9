import Basics
import Foundation
import Parterre
import TestSupport
import Testing

@Suite struct EngineTraceTests {
    /// A small random model, with room for `blocks` blocks of 16 tokens.
    private func withEngine(blocks: Int, recordsTrace: Bool = true, _ body: (Engine) async throws -> Void) async throws
    {
        let folder = try TemporaryDirectory()
        try RandomCheckpoint(hidden: 32, heads: 4).write(to: folder.url)
        var options = EngineOptions()
        options.threads = 2
        options.blockSize = 16
        options.maxBatch = 8
        options.prefillChunk = 20
        options.recordsTrace = recordsTrace
        options.foresight = false
        let token = try #require(try ModelInspection.inspect(.directory(folder.url)).bytesPerCachedToken["f32"])
        options.kvCache = .f32
        options.cacheMemory = .bytes(blocks * 16 * token)
        let engine = try await Engine.load(.directory(folder.url), options: options)
        let result: Result<Void, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutdown()
        try result.get()
    }

    private func request(_ prompt: Int, tokens: Int, n: Int = 1, label: String? = nil) -> GenerationRequest {
        var parameters = SamplingParameters()
        parameters.maxTokens = tokens
        parameters.ignoreEOS = true
        parameters.temperature = 1
        var request = GenerationRequest(
            .tokens((0..<prompt).map { TokenID(4 + $0 % 90) }), parameters: parameters, n: n)
        request.label = label
        return request
    }

    private func reasonOfLeaving(_ trace: Trace) -> String? { trace.sequences.last { $0.label == "left" }?.reason }

    @Test("an engine that does not record has no trace")
    func off() async throws {
        try await withEngine(blocks: 20, recordsTrace: false) { engine in
            _ = try await engine.complete(request(3, tokens: 2))
            #expect(await engine.trace() == nil)
        }
    }

    @Test("a trace's figures are the run's, with forks, preemptions and requests that leave")
    func run() async throws {
        try await withEngine(blocks: 12) { engine in
            // Submitted one right after the other, then read.
            let streams = (0..<8).map { index in
                engine.generate(
                    request(10 + 7 * index, tokens: 30, n: index % 3 == 1 ? 3 : 1, label: "r\(index)"))
            }
            for stream in streams { for try await _ in stream {} }
            // A busy machine may have written the whole text before it hears that nobody wants it: then another one.
            var tries = 0
            repeat {
                tries += 1
                for try await case .token in engine.generate(request(5, tokens: 180, label: "left")) { break }
                // One more, so that the cancellation has been heard of.
                _ = try await engine.complete(request(4, tokens: 2, label: "last"))
            } while await engine.trace().flatMap(reasonOfLeaving) != "cancelled" && tries < 20
            let status = await engine.status()
            let trace = try #require(await engine.trace())
            #expect(trace.fault == nil)
            #expect(trace.totals.steps == status.steps && trace.steps.count == status.steps)
            #expect(trace.totals.generatedTokens == status.generatedTokens)
            #expect(trace.totals.preemptions == status.preemptions && status.preemptions > 0)
            let tokens = zip(trace.runs.tokens, trace.runs.count).reduce(0) { $0 + Int($1.0 * $1.1) }
            #expect(tokens == status.generatedTokens)
            let prompts = trace.runs.step.indices.filter {
                let work = Trace.Work(rawValue: trace.runs.work[$0])
                return work == .prefill || work == .recompute
            }
            #expect(prompts.reduce(0) { $0 + Int(trace.runs.rows[$1] * trace.runs.count[$1]) } == status.promptTokens)

            #expect(Set(trace.sequences.compactMap(\.label)) == Set((0..<8).map { "r\($0)" } + ["left", "last"]))
            #expect(trace.sequences.count == 14 + 2 * tries, "five of one sample, three of three, and two each time")
            for sequence in trace.sequences where sequence.label != "left" && sequence.label != "last" {
                #expect(sequence.generatedTokens == 30 && sequence.reason == "length" && sequence.ended != nil)
            }
            #expect(reasonOfLeaving(trace) == "cancelled")
            let begins = zip(trace.steps.begin, trace.steps.begin.dropFirst())
            #expect(begins.allSatisfy { $0 <= $1 })
            #expect(trace.steps.layers.contains { $0 > 0 } && trace.steps.head.contains { $0 > 0 })
            let decoded = try JSONDecoder().decode(Trace.self, from: TracePage.json(trace))
            #expect(decoded == trace)
        }
    }
}
