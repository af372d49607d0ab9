import PagedCache
import Testing

@testable import Scheduler

@Suite struct TraceRecorderTests {
    /// What a trace says of the step, by arrival: sequences that are scored have their arrival as their request.
    private func tables(_ trace: Trace, _ step: Int) -> [Int: [Int32]] {
        Dictionary(uniqueKeysWithValues: trace.tables(atStep: step).map { (trace.sequences[$0].request, $1) })
    }

    private func rows(_ trace: Trace, _ step: Int) -> [Int: Int] {
        Dictionary(
            uniqueKeysWithValues: trace.entries(atStep: step).filter { $0.rows > 0 }.map {
                (trace.sequences[$0.sequence].request, $0.rows)
            })
    }

    @Test("the blocks and rows of every step come back as they were", arguments: 1...12, BatchingPolicy.allCases)
    func replay(seed: Int, policy: BatchingPolicy) throws {
        let run = try RecordedRun(seed: UInt64(seed), blocks: 9, swapSlots: seed % 3 * 4, policy: policy)
        run.run(steps: 250)
        let trace = run.trace
        #expect(trace.fault == nil && trace.steps.count == run.tables.count && trace.droppedSteps == 0)
        for step in run.tables.indices {
            #expect(tables(trace, step) == run.tables[step], "seed \(seed), step \(step)")
            #expect(rows(trace, step) == run.rows[step], "seed \(seed), step \(step)")
            #expect(
                trace.steps.blocks[step] == Set(run.tables[step].values.joined()).count, "seed \(seed), step \(step)")
        }
        for step in run.cached.indices {
            #expect(trace.cachedBlocks(atStep: step) == run.cached[step], "seed \(seed), step \(step)")
            #expect(trace.steps.cached[step] == run.cached[step].count, "seed \(seed), step \(step)")
        }
        let tokens = zip(trace.runs.tokens, trace.runs.count).reduce(0) { $0 + Int($1.0 * $1.1) }
        #expect(tokens == run.generated && tokens == trace.sequences.reduce(0) { $0 + $1.generatedTokens })
        let marks = Dictionary(grouping: trace.marks.what, by: { $0 }).mapValues(\.count)
        #expect(marks[Trace.Happening.swappedOut.rawValue, default: 0] == run.scheduler.swaps)
        let lost = run.scheduler.preemptions - run.scheduler.swaps
        #expect(marks[Trace.Happening.preempted.rawValue, default: 0] == lost)
        #expect(marks[Trace.Happening.forked.rawValue, default: 0] == run.forks)
        let adopted = trace.marks.what.indices.filter { trace.marks.what[$0] == Trace.Happening.adopted.rawValue }
        let prefixes = run.scheduler.cache.prefixes
        #expect(adopted.reduce(0) { $0 + Int(trace.marks.detail[$1]) } == prefixes.adoptedTokens, "seed \(seed)")
        let evicted = trace.cached.fate.count { $0 == Trace.Fate.evicted.rawValue }
        #expect(evicted > 0 && evicted <= prefixes.evictions, "seed \(seed)")
    }

    @Test("the random runs together show all that a trace tells of")
    func variety() throws {
        var happenings: Set<Int32> = []
        var fates: Set<Int32> = []
        for seed in 1...12 {
            let run = try RecordedRun(seed: UInt64(seed), blocks: 13, swapSlots: seed % 3 * 4)
            run.run(steps: 250)
            happenings.formUnion(run.trace.marks.what)
            fates.formUnion(run.trace.cached.fate)
        }
        let wanted: [Trace.Happening] = [.preempted, .forked, .adopted, .swappedOut, .swappedIn]
        #expect(happenings.isSuperset(of: wanted.map(\.rawValue)))
        #expect(fates.isSuperset(of: [Trace.Fate.adopted.rawValue, Trace.Fate.evicted.rawValue]))
    }

    @Test("who is swapped out is told from the marks, step by step", arguments: 1...8)
    func swapping(seed: Int) throws {
        let run = try RecordedRun(seed: UInt64(seed), blocks: 13, swapSlots: 3 + seed)
        run.run(steps: 250)
        let trace = run.trace
        var slots: [Int: Int] = [:]
        var next = 0
        for step in run.swapped.indices {
            while next < trace.marks.step.count, trace.marks.step[next] == step {
                let arrival = trace.sequences[Int(trace.marks.sequence[next])].request
                let detail = Int(trace.marks.detail[next])
                switch Trace.Happening(rawValue: trace.marks.what[next]) {
                case .swappedOut: slots[arrival] = detail
                case .swappedIn:
                    #expect(slots[arrival] == detail, "seed \(seed), step \(step)")
                    slots[arrival] = nil
                default: break
                }
                next += 1
            }
            // Who was cancelled in the swap space does not come back, and frees it.
            slots = slots.filter { run.swapped[step][$0.key] != nil || run.tables[step][$0.key] != nil }
            #expect(slots == run.swapped[step], "seed \(seed), step \(step)")
            #expect(Int(trace.steps.swapped[step]) == slots.values.reduce(0, +), "seed \(seed), step \(step)")
        }
        #expect(run.scheduler.swaps > 0, "seed \(seed) shows nothing")
    }

    @Test("what is computed again after a preemption is told from a prompt, and from the rest of one that was swapped")
    func recomputing() throws {
        var seen: Set<String> = []
        for seed in 1...8 as ClosedRange<UInt64> {
            let run = try RecordedRun(seed: seed, blocks: 14, swapSlots: 5)
            run.run(steps: 300)
            let trace = run.trace
            func happened(_ what: Trace.Happening, before index: Int) -> Bool {
                trace.marks.step.indices.contains { mark in
                    trace.marks.sequence[mark] == trace.runs.sequence[index] && trace.marks.what[mark] == what.rawValue
                        && trace.marks.step[mark] <= trace.runs.step[index]
                }
            }
            for index in trace.runs.step.indices {
                switch Trace.Work(rawValue: trace.runs.work[index]) {
                case .recompute:
                    #expect(happened(.preempted, before: index), "seed \(seed), run \(index)")
                    seen.insert("computed again")
                case .prefill:
                    #expect(!happened(.preempted, before: index), "seed \(seed), run \(index)")
                    if happened(.swappedIn, before: index) { seen.insert("the rest of a prompt") }
                default: break
                }
            }
        }
        #expect(seen == ["computed again", "the rest of a prompt"])
    }

    @Test("at the end nothing is held, and every sequence has ended")
    func end() throws {
        let run = try RecordedRun(seed: 5, blocks: 20)
        run.run(steps: 60)
        run.finish()
        let trace = run.trace
        #expect(run.scheduler.cache.usedBlocks == 0)
        #expect(trace.sequences.allSatisfy { $0.ended != nil })
        #expect(run.recorder.lives.isEmpty)
    }

    @Test("a long run keeps its last steps, as they were, in bounded memory", arguments: [1, 2, 3] as [UInt64])
    func dropping(seed: UInt64) throws {
        let run = try RecordedRun(seed: seed, blocks: 20, limits: .init(steps: 100, spans: 1_000_000, leastSteps: 10))
        run.run(steps: 777)
        let trace = run.trace
        #expect(trace.fault == nil && trace.droppedSteps + trace.steps.count == 777)
        #expect(trace.steps.count <= 100 && trace.steps.count >= 80)
        for step in 0..<trace.steps.count {
            #expect(tables(trace, step) == run.tables[trace.droppedSteps + step], "seed \(seed), step \(step)")
            #expect(rows(trace, step) == run.rows[trace.droppedSteps + step], "seed \(seed), step \(step)")
            #expect(trace.cachedBlocks(atStep: step) == run.cached[trace.droppedSteps + step], "seed \(seed)")
        }
        #expect(trace.sequences.count < 200, "those that ended long ago are forgotten")
    }

    @Test("steps are dropped early where they hold too much")
    func spans() throws {
        let run = try RecordedRun(seed: 9, blocks: 20, limits: .init(steps: 10_000, spans: 200, leastSteps: 10))
        run.run(steps: 500)
        let trace = run.trace
        #expect(trace.steps.count < 200 && trace.holdings.block.count + trace.runs.step.count <= 220)
        for step in 0..<trace.steps.count { #expect(tables(trace, step) == run.tables[trace.droppedSteps + step]) }
    }

    @Test("a trace that points at what is not there is found out")
    func faults() throws {
        let run = try RecordedRun(seed: 2, blocks: 20)
        run.run(steps: 40)
        let sound = run.trace
        #expect(sound.fault == nil)
        let bends: [(inout Trace) -> Void] = [
            { $0.settings.blocks = 1 }, { $0.settings.blockTokens = 0 }, { $0.sequences.removeLast() },
            { $0.steps.duration.removeLast() },
            { $0.steps.swapped.removeLast() }, { $0.runs.rows.removeLast() }, { $0.runs.count[0] = .max },
            { $0.runs.step[0] = -1 }, { $0.runs.tokens[0] = -1 }, { $0.holdings.until[0] = 41 },
            { $0.holdings.from[0] = -1 }, { $0.holdings.block[0] = 20 }, { $0.holdings.sequence[0] = -2 },
            { $0.cached.until[0] = 41 }, { $0.cached.block[0] = 20 }, { $0.cached.fate.removeLast() },
            { $0.marks.step.append(0) }, { $0.marks.step[0] = 99 },
        ]
        for (index, bend) in bends.enumerated() {
            var bent = sound
            bend(&bent)
            #expect(bent.fault != nil, "bend \(index)")
        }
    }
}
