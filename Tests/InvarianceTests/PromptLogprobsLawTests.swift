import Basics
import Dispatch
import Kernels
import Models
import PagedCache
import TestSupport
import Testing

@testable import Scheduler

/// A prompt's log-probabilities are those of its logits, by whatever road these were computed.
@Suite(.timeLimit(.minutes(10))) struct PromptLogprobsLawTests {
    private struct Answer {
        var logprobs: [TokenLogprob?]?
        var completion: Completion?
        /// Tokens before and after the prompt's event.
        var tokensBefore = 0
        var tokensAfter = 0
    }

    private func request(
        _ tokens: [TokenID], top: Int = 3, from first: Int = 0, generating: Int = 0, n: Int = 1
    ) -> GenerationRequest {
        var request = GenerationRequest(.tokens(tokens), n: n)
        request.parameters.maxTokens = generating
        request.parameters.ignoreEOS = true
        request.parameters.temperature = 1
        request.promptLogprobs = top
        request.promptLogprobsStart = first
        return request
    }

    private func read(_ stream: AsyncThrowingStream<GenerationEvent, any Error>) async throws -> Answer {
        var answer = Answer()
        for try await event in stream {
            switch event {
            case .started: break
            case .promptLogprobs(let logprobs):
                #expect(answer.logprobs == nil, "it comes once")
                answer.logprobs = logprobs
            case .token: if answer.logprobs == nil { answer.tokensBefore += 1 } else { answer.tokensAfter += 1 }
            case .finished(let completion): answer.completion = completion
            }
        }
        return answer
    }

    /// From logits that were computed without a cache.
    private func reference(
        _ tokens: [TokenID], top: Int = 3, from first: Int = 0, _ engine: BatchEngine
    ) async throws -> [TokenLogprob?] {
        let vocabulary = engine.model.configuration.vocabularySize
        let collector = Collector(vocabulary, count: tokens.count)
        let kernels = engine.model.kernels
        try await engine.scoreUncached([tokens], lastOnly: false) { _, position, logits in
            guard position + 1 < tokens.count, position + 1 >= first else { return }
            let report = LogprobReport(logits, alternatives: top, scratch: collector.scratch, kernels)
            collector.logprobs[position + 1] = report.logprob(of: tokens[position + 1].index, in: logits)
        }
        return collector.logprobs
    }

    /// Filled on the engine's queue, read after it.
    private final class Collector: @unchecked Sendable {
        let scratch: SamplingScratch
        var logprobs: [TokenLogprob?]

        init(_ vocabulary: Int, count: Int) {
            scratch = SamplingScratch(vocabularySize: vocabulary)
            logprobs = Array(repeating: nil, count: count)
        }
    }

    @Test("a prompt's log-probabilities have the bits of its logits, in any arrangement", arguments: 0..<6)
    func arrangements(_ seed: Int) async throws {
        var generator = SplitMix64(seed: UInt64(seed))
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4, type: seed.isMultiple(of: 2) ? .bf16 : .f32))
        let prompts = rig.sequences([1, 2, 40, 97, 150], seed: UInt64(seed))
        try await rig.withEngine(Arrangement.random(using: &generator)) { engine in
            let streams = engine.queue.sync {
                prompts.enumerated().map {
                    engine.generate(request($1, generating: $0 % 3, n: $0 == 3 ? 3 : 1), tokenizer: nil)
                }
            }
            for (index, stream) in streams.enumerated() {
                let answer = try await read(stream)
                #expect(try await answer.logprobs == reference(prompts[index], engine))
                #expect(answer.tokensBefore == 0 && answer.tokensAfter == (index == 3 ? 0 : index % 3))
                #expect(answer.completion?.promptLogprobs == answer.logprobs)
            }
            let status = await engine.status()
            #expect(status.blocksUsed == 0 && status.running == 0 && status.waiting == 0)
        }
    }

    @Test("a generated text, given as a prompt, has the log-probabilities that it was generated with")
    func sameAsGenerated() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        let prompt = rig.sequences([37], seed: 3)[0]
        try await rig.withEngine(Arrangement(prefixCache: true)) { engine in
            var generation = request(prompt, generating: 50)
            generation.promptLogprobs = nil
            generation.parameters.logprobs = 3
            let text = try #require(try await read(engine.generate(generation, tokenizer: nil)).completion)
            let whole = prompt + text.tokenIDs
            let scored = try await read(engine.generate(request(whole, from: 37), tokenizer: nil))
            let logprobs = try #require(scored.logprobs)
            #expect(Array(logprobs[37...]) == text.logprobs?.map(Optional.some))
            #expect(logprobs[..<37].allSatisfy { $0 == nil })
        }
    }

    @Test(
        "what comes before the first wanted token is taken from the cache, and no bit tells",
        arguments: [0, 1, 64, 65, 99, 100])
    func prefixCache(_ first: Int) async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        let prompt = rig.sequences([100], seed: 9)[0]
        try await rig.withEngine(Arrangement(prefixCache: true)) { engine in
            for _ in 0..<2 { _ = try await read(engine.generate(request(prompt, generating: 3), tokenizer: nil)) }
            let before = await engine.status()
            let answer = try await read(engine.generate(request(prompt, from: first), tokenizer: nil))
            #expect(try await answer.logprobs == reference(prompt, from: first, engine))
            // The row before the first wanted token must be computed; blocks have 32 tokens.
            let adopted = await engine.status().prefixes.adoptedTokens - before.prefixes.adoptedTokens
            #expect(adopted == max(0, min(first, 100) - 1) / 32 * 32)
        }
    }

    /// Preempt whatever runs after every third step: on the engine's queue this and a step take turns.
    private static func takeBlocks(from engine: BatchEngine, ticks: Int) {
        engine.queue.async {
            if ticks.isMultiple(of: 3), engine.state != .stopped { engine.scheduler.preemptAll() }
            if ticks > 0 { takeBlocks(from: engine, ticks: ticks - 1) }
        }
    }

    @Test("a prompt that loses its blocks on the way goes on where its log-probabilities ended", arguments: [0, 40])
    func preempted(_ slots: Int) async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        let prompts = rig.sequences([150, 140, 60], seed: 5)
        var arrangement = Arrangement(prefillChunk: 16, swapSlots: slots)
        arrangement.preemption = slots > 0 ? .swap : .recompute
        try await rig.withEngine(arrangement) { engine in
            let streams = engine.queue.sync {
                let streams = prompts.map { engine.generate(request($0, generating: 5), tokenizer: nil) }
                Self.takeBlocks(from: engine, ticks: 24)
                return streams
            }
            for (prompt, stream) in zip(prompts, streams) {
                let answer = try await read(stream)
                #expect(try await answer.logprobs == reference(prompt, engine))
            }
            #expect(await engine.status().preemptions > 2, "nothing was preempted, so nothing was tested")
        }
    }

    @Test("without a token to generate the request ends with its prompt; without log-probabilities it is refused")
    func noTokens() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        let prompt = rig.sequences([40], seed: 1)[0]
        try await rig.withEngine { engine in
            let answer = try await read(engine.generate(request(prompt, n: 4), tokenizer: nil))
            #expect(answer.completion?.finishReason == .length && answer.completion?.tokenIDs == [])
            let metrics = await engine.status().requests
            #expect(metrics.finished.length == 4 && metrics.promptTokens == 40 && metrics.timeToFirstToken.count == 0)
            for change: (inout GenerationRequest) -> Void in [
                { $0.promptLogprobs = nil }, { $0.promptLogprobs = 21 }, { $0.promptLogprobs = -1 },
                { $0.promptLogprobsStart = -1 }, { $0.parameters.maxTokens = -1 }, { $0.parameters.beams.count = 2 },
            ] {
                var wrong = request(prompt)
                change(&wrong)
                await #expect(throws: RequestError.self) { _ = try await read(engine.generate(wrong, tokenizer: nil)) }
            }
        }
    }
}
