import Basics
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Scheduler

/// Requests that end before they are done: by their deadline, cancelled or stopped while they are swapped out.
@Suite(.timeLimit(.minutes(10))) struct DeadlineTests {
    /// A clock that the test moves.
    final class HandClock: Sendable {
        private let moment = Mutex(ContinuousClock.now)

        var now: ContinuousClock.Instant { moment.withLock { $0 } }
        func advance(by duration: Duration) { moment.withLock { $0 += duration } }
    }

    private func request(_ rig: Rig, _ length: Int, tokens: Int, seed: UInt64 = 1, n: Int = 1) -> GenerationRequest {
        var parameters = SamplingParameters()
        parameters.maxTokens = tokens
        parameters.ignoreEOS = true
        parameters.temperature = 1
        return GenerationRequest(.tokens(rig.sequences([length], seed: seed)[0]), parameters: parameters, n: n)
    }

    @Test("a text ends at its deadline with what it has; it is the beginning of the whole text")
    func runningText() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        try await rig.withEngine(Arrangement(blocks: 200)) { engine in
            let clock = HandClock()
            // A second passes with every step, however long this machine takes for it.
            engine.queue.sync {
                engine.now = {
                    clock.advance(by: .seconds(1))
                    return clock.now
                }
            }
            var request = request(rig, 11, tokens: 500, n: 3)
            request.deadline = .seconds(10)
            var tokens = 0
            var completions: [Completion] = []
            for try await event in engine.generate(request, tokenizer: nil) {
                switch event {
                case .started, .promptLogprobs: break
                case .token: tokens += 1
                case .finished(let completion): completions.append(completion)
                }
            }
            #expect(completions.count == 3 && completions.allSatisfy { $0.finishReason == .deadline })
            #expect(completions.reduce(0) { $0 + $1.completionTokens } == tokens && tokens > 0 && tokens < 50)
            let status = await engine.status()
            #expect(status.blocksUsed == 0 && status.running == 0)
            guard case .tokens(let prompt) = request.prompt else { return }
            for completion in completions {
                request.parameters.maxTokens = completion.completionTokens
                let alone = try await UncachedWriter(engine: engine).tokens(
                    after: prompt, request.parameters, sample: completion.sample)
                #expect(fingerprint(completion) == fingerprint(alone))
            }
        }
    }

    @Test("a request that was still waiting at its deadline ends without a token, and one in time is not cut")
    func waitingRequest() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        try await rig.withEngine(Arrangement(blocks: 200, maxBatch: 1)) { engine in
            let clock = HandClock()
            engine.queue.sync { engine.now = { clock.now } }
            var first = request(rig, 5, tokens: 400)
            first.deadline = .seconds(60)
            var second = request(rig, 5, tokens: 3)
            second.deadline = .seconds(120)
            second.n = 2
            // The deadline passes before the queue gets to the first step.
            let streams = engine.queue.sync {
                let streams = [engine.generate(first, tokenizer: nil), engine.generate(second, tokenizer: nil)]
                clock.advance(by: .seconds(60))
                return streams
            }
            var ends: [[Completion]] = []
            for stream in streams {
                var completions: [Completion] = []
                for try await case .finished(let completion) in stream { completions.append(completion) }
                ends.append(completions)
            }
            #expect(ends[0].map(\.finishReason) == [.deadline] && ends[0][0].tokenIDs.isEmpty)
            #expect(ends[1].map(\.finishReason) == [.length, .length] && ends[1][0].completionTokens == 3)
            clock.advance(by: .seconds(1000))
            let after = try await GenerationLawTests.write(request(rig, 4, tokens: 2), engine, stopAfter: nil)
            #expect(after?.finishReason == .length)
        }
    }

    @Test("deadlines and priorities out of their range are refused by name")
    func refusals() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        try await rig.withEngine { engine in
            for (field, change) in [
                ("deadline", { $0.deadline = .zero }), ("deadline", { $0.deadline = .seconds(-1) }),
                ("deadline", { $0.deadline = .seconds(1e15) }), ("priority", { $0.priority = .max }),
                ("priority", { $0.priority = -1 << 40 }),
            ] as [(String, (inout GenerationRequest) -> Void)] {
                var request = request(rig, 3, tokens: 1)
                change(&request)
                let stream = engine.generate(request, tokenizer: nil)
                await #expect {
                    for try await _ in stream {}
                } throws: { error in
                    guard case .invalid(field, _) = error as? RequestError else { return false }
                    return true
                }
            }
        }
    }

    /// A sequence that was swapped out for a more urgent one, which goes on for long.
    private func withSwapped(
        deadline: Duration = .seconds(1_000_000),
        _ body: (
            BatchEngine, HandClock, _ swapped: Task<Completion?, any Error>, _ urgent: Task<Completion?, any Error>
        )
            async throws -> Void
    ) async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        let arrangement = Arrangement(blocks: 200, maxBatch: 1, swapSlots: 50, preemption: .swap)
        var low = request(rig, 40, tokens: 3000)
        low.priority = 1
        low.deadline = deadline
        // With a deadline, so that its steps take a while, too.
        var high = request(rig, 5, tokens: 3000)
        high.deadline = .seconds(1_000_000)
        try await rig.withEngine(arrangement) { [low, high] engine in
            let clock = HandClock()
            // Once it is there, all its steps take ten minutes: it still runs when a busy machine gets to look at it.
            let late = LateRequest(high, engine, reading: 10, pause: .milliseconds(200)) { clock.now }
            let stream = engine.generate(low, tokenizer: nil)
            let swapped = Task { try await completion(of: stream) }
            let urgentStream = await late.events()
            let urgent = Task { try await completion(of: urgentStream) }
            try await eventually { await engine.status().swapping.slotsUsed > 0 }
            try await body(engine, clock, swapped, urgent)
        }
    }

    @Test("cancelled while it is swapped out, a request frees its slots within a step")
    func cancelSwapped() async throws {
        try await withSwapped { engine, _, swapped, urgent in
            swapped.cancel()
            try await eventually { await engine.status().swapping.slotsUsed == 0 }
            #expect(await engine.status().running == 1)
            urgent.cancel()
            try await eventually { await engine.status().blocksUsed == 0 }
            #expect(engine.queue.sync { engine.scheduler.isIdle && engine.requests.isEmpty })
            _ = await (swapped.result, urgent.result)
        }
    }

    @Test("past its deadline while it is swapped out, a request ends with the tokens that it has")
    func expireSwapped() async throws {
        try await withSwapped(deadline: .seconds(30)) { engine, clock, swapped, urgent in
            clock.advance(by: .seconds(30))
            let completion = try #require(try await swapped.value)
            #expect(completion.finishReason == .deadline && completion.completionTokens >= 3)
            #expect(await engine.status().swapping.slotsUsed == 0)
            urgent.cancel()
            _ = await urgent.result
        }
    }

    @Test("shut down while it is swapped out, a request is told so and leaves nothing behind")
    func shutdownSwapped() async throws {
        try await withSwapped { engine, _, swapped, urgent in
            await engine.shutdown()
            await #expect(throws: RequestError.engineStopped) { try await swapped.value }
            await #expect(throws: RequestError.engineStopped) { try await urgent.value }
            let status = await engine.status()
            #expect(status.swapping.slotsUsed == 0 && status.blocksUsed == 0 && status.waiting == 0)
        }
    }
}
