import Basics
import Kernels
import Models
import PagedCache
import TestSupport

@testable import Scheduler

/// A scheduler under random requests, without a model, its recorder, and the tables as they really were.
final class RecordedRun {
    let scheduler: StepScheduler
    let recorder: TraceRecorder
    /// Of each step: the blocks of every sequence that held some, by arrival.
    private(set) var tables: [[Int: [Int32]]] = []
    /// Of each step: blocks without a holder that can be taken over.
    private(set) var cached: [Set<Int32>] = []
    /// Of each step: slots of the swap space by the arrival of whose they are.
    private(set) var swapped: [[Int: Int]] = []
    /// Of each step: rows by arrival.
    private(set) var rows: [[Int: Int]] = []
    private(set) var generated = 0
    private(set) var forks = 0
    private let crew: WorkerLanes
    private var plan = StepPlan()
    private var arrivals = 0
    private var random: SplitMix64
    private let group = ScoringGroup { _, _, _ in }
    private var alive: [ScheduledSequence] = []

    init(
        seed: UInt64, blocks: Int, swapSlots: Int = 0, policy: BatchingPolicy = .continuous,
        limits: TraceRecorder.Limits = .init()
    ) throws {
        random = SplitMix64(seed: seed)
        crew = try WorkerLanes(threads: 1)
        let layout = KeyValueLayout(layers: 1, heads: 1, headDim: 4, blockTokens: 16, format: .f32, crew: crew)
        var options = SchedulingOptions(policy: policy, maxBatch: 6, prefillChunk: 24)
        options.foresight = false
        options.preemption = .swap
        scheduler = StepScheduler(
            options: options,
            cache: try PagedCache(layout: layout, blocks: blocks, crew: crew),
            swapSpace: try SwapSpace(layout: layout, bytes: swapSlots * layout.bytesPerBlock, crew: crew),
            mostWanted: 64)
        recorder = TraceRecorder(limits: limits)
    }

    deinit { crew.stop() }

    var trace: Trace {
        recorder.trace(
            settings: Trace.Settings(
                blocks: scheduler.cache.blockCount, blockTokens: 16, maxBatch: 6, batching: "continuous",
                prefillChunk: 24,
                stepLimit: recorder.limits.steps),
            totals: Trace.Totals())
    }

    /// Requests come and go at random, now and then with samples that fork, until `steps` steps have run.
    func run(steps: Int) {
        while tables.count < steps {
            if alive.count < 12, chance(3) { add(samples: chance(3) ? 1 + pick(3) : 1) }
            step()
        }
    }

    /// Run until nothing is left.
    func finish() { while !scheduler.isIdle { step() } }

    private func add(samples: Int) {
        // Some begin alike, so that they can take over one another's blocks.
        let opening = chance(2) ? 1 : TokenID(3 + pick(1000))
        let tokens = Array(repeating: opening, count: 1 + pick(70))
        let sequences = (0..<samples).map { _ in
            arrivals += 1
            return ScheduledSequence(
                arrival: arrivals, tokens: tokens, purpose: .score(ScoringJob(group: group, index: 0), lastOnly: true))
        }
        sequences[0].siblings = Array(sequences.dropFirst())
        scheduler.add(sequences[0])
        alive += sequences
    }

    private func step() {
        // Cancelled between two steps.
        let known = scheduler.running + scheduler.waiting.unordered
        if chance(40), let victim = known.randomElement(using: &random), victim.siblings.isEmpty {
            scheduler.finish(victim)
            alive.removeAll { $0.state == .finished }
        }
        recorder.stepBegins()
        scheduler.plan(&plan)
        guard !plan.entries.isEmpty else { return }
        scheduler.commit(plan)
        var drawn = plan.entries.filter { $0.sequence.pendingTokens == 0 }.map(\.sequence)
        for entry in plan.entries where entry.sequence.pendingTokens == 0 && !entry.sequence.siblings.isEmpty {
            let forked = scheduler.fork(entry.sequence)
            forks += forked.count
            drawn += forked
        }
        let held = (scheduler.running + scheduler.waiting.unordered).filter { !$0.table.blocks.isEmpty }
        tables.append(Dictionary(uniqueKeysWithValues: held.map { ($0.arrival, $0.table.blocks.map(\.rawValue)) }))
        let blocks = 0..<Int32(scheduler.cache.blockCount)
        cached.append(Set(blocks.filter { scheduler.cache.isCached(BlockID(rawValue: $0)) }))
        swapped.append(
            Dictionary(
                uniqueKeysWithValues: scheduler.waiting.unordered.compactMap { sequence in
                    guard case .swapped(let table, _) = sequence.state else { return nil }
                    return (sequence.arrival, table.blockCount)
                }))
        rows.append(Dictionary(uniqueKeysWithValues: plan.entries.map { ($0.sequence.arrival, $0.rows) }))
        recorder.stepWasComputed(plan, scheduler)
        for sequence in drawn {
            sequence.state = .decoding
            sequence.tokens.append(TokenID(2))
            generated += 1
            if chance(30) || sequence.tokens.count > 90 { scheduler.finish(sequence) }
        }
        scheduler.publish(plan)
        alive.removeAll { $0.state == .finished }
        recorder.stepEnds(layers: 1e-6, attention: 2e-6, head: 3e-6)
    }

    private func chance(_ oneIn: Int) -> Bool { pick(oneIn) == 0 }

    private func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
}
