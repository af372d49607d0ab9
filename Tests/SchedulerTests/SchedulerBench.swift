import Basics
import Kernels
import Models
import PagedCache

@testable import Scheduler

/// A scheduler without a model: a step is committed as if it had been computed.
final class SchedulerBench {
    let scheduler: StepScheduler
    private let crew: WorkerLanes
    private(set) var plan = StepPlan()
    private var arrivals = 0
    private let group = ScoringGroup { _, _, _ in }

    /// - Parameter options: changes the limits before the scheduler is made.
    init(
        blocks: Int = 100, policy: BatchingPolicy = .continuous, maxBatch: Int = 8, prefillChunk: Int? = 64,
        prefixCache: Bool = true, prefixHash: PrefixHash = PrefixHash(scope: 0), swapSlots: Int = 0,
        options change: (inout SchedulingOptions) -> Void = { _ in }
    ) throws {
        crew = try WorkerLanes(threads: 1)
        let layout = KeyValueLayout(layers: 1, heads: 1, headDim: 4, blockTokens: 16, format: .f32, crew: crew)
        var options = SchedulingOptions(
            policy: policy, maxBatch: maxBatch, prefillChunk: prefillChunk, prefixCache: prefixCache)
        change(&options)
        scheduler = StepScheduler(
            options: options,
            cache: try PagedCache(layout: layout, blocks: blocks, crew: crew, prefixHash: prefixHash),
            swapSpace: try SwapSpace(layout: layout, bytes: swapSlots * layout.bytesPerBlock, crew: crew),
            mostWanted: 64)
    }

    deinit { crew.stop() }

    /// That many tokens which no other sequence has.
    @discardableResult
    func add(
        _ tokens: Int, chunkLimit: Int = .max, tokenLimit: Int = 0, priority: Int = 0,
        deadline: ContinuousClock.Instant? = nil
    ) -> ScheduledSequence {
        add(
            Array(repeating: TokenID(arrivals + 10), count: tokens), chunkLimit: chunkLimit, tokenLimit: tokenLimit,
            priority: priority, deadline: deadline)
    }

    @discardableResult
    func add(
        _ tokens: [TokenID], lastOnly: Bool = true, chunkLimit: Int = .max, tokenLimit: Int = 0, priority: Int = 0,
        deadline: ContinuousClock.Instant? = nil
    ) -> ScheduledSequence {
        let sequence = make(
            tokens, lastOnly: lastOnly, chunkLimit: chunkLimit, tokenLimit: tokenLimit, priority: priority,
            deadline: deadline)
        scheduler.add(sequence)
        return sequence
    }

    func nextArrival() -> Int {
        arrivals += 1
        return arrivals
    }

    /// One that does not wait yet.
    func make(
        _ tokens: [TokenID], lastOnly: Bool = true, chunkLimit: Int = .max, tokenLimit: Int = 0, priority: Int = 0,
        deadline: ContinuousClock.Instant? = nil
    ) -> ScheduledSequence {
        let arrival = nextArrival()
        return ScheduledSequence(
            arrival: arrival, tokens: tokens,
            purpose: .score(ScoringJob(group: group, index: arrival), lastOnly: lastOnly), chunkLimit: chunkLimit,
            tokenLimit: tokenLimit, priority: priority, deadline: deadline)
    }

    /// Rows of the next step by sequence; sequences whose tokens are all computed get one more, as if drawn.
    func step(draws: Bool = true) -> [Int: Int] {
        scheduler.plan(&plan)
        scheduler.commit(plan)
        for entry in plan.entries where draws && entry.sequence.pendingTokens == 0 {
            entry.sequence.state = .decoding
            entry.sequence.tokens.append(TokenID(2))
        }
        scheduler.publish(plan)
        return Dictionary(uniqueKeysWithValues: plan.entries.map { ($0.sequence.arrival, $0.rows) })
    }

    /// The next step, as long as a machine would take for it.
    func step(on machine: PrefillChoiceTests.Machine) -> [Int: Int] {
        let rows = step()
        let wanted = plan.batch.wantedRows.count
        scheduler.costs.layers.record(rows: plan.batch.rows, seconds: machine.layers(plan.batch.rows))
        scheduler.costs.head.record(rows: wanted, seconds: machine.head(wanted))
        return rows
    }

    /// The next step; sequences that have reached their limit end in it, and so leave. Returns how many did.
    func stepToEnds() -> Int {
        _ = step()
        let ended = scheduler.running.filter { $0.generatedCount >= $0.tokenLimit }
        for sequence in ended {
            scheduler.finish(sequence)
            scheduler.lengths.record(length: sequence.generatedCount, isNatural: false)
        }
        return ended.count
    }
}
