import Basics
import PagedCache
import Testing

@testable import Scheduler

/// Which blocks texts of one prompt share, and which they copy.
@Suite struct SharedBlocksTests {
    private typealias Bench = SchedulerBench

    /// A prompt of that many tokens, computed, and `n` samples that have just taken their first token.
    private static func samples(_ n: Int, prompt: Int, on bench: Bench) -> [ScheduledSequence] {
        let first = bench.add(prompt)
        first.siblings = (1..<n).map { _ in bench.make(first.tokens) }
        let siblings = first.siblings
        while first.pendingTokens > 0 { _ = bench.step(draws: false) }
        first.state = .decoding
        #expect(bench.scheduler.fork(first).count == n - 1)
        let samples = [first] + siblings
        for (index, sample) in samples.enumerated() { sample.tokens.append(TokenID(10 + index)) }
        return samples
    }

    @Test("eight samples of 1,000 tokens share all whole blocks and copy the last one seven times")
    func samples() throws {
        let bench = try Bench()
        let cache = bench.scheduler.cache
        let samples = Self.samples(8, prompt: 1000, on: bench)
        #expect(cache.usedBlocks == 63, "62 whole blocks of 16 tokens and half of another: computed once")
        #expect(bench.step() == Dictionary(uniqueKeysWithValues: samples.map { ($0.arrival, 1) }))
        #expect(cache.usedBlocks == 62 + 8, "seven copies beside the original")
        for block in 0..<62 {
            #expect(Set(samples.map { $0.table.blocks[block] }).count == 1)
            #expect(cache.allocator.referenceCount(samples[0].table.blocks[block]) == 8)
        }
        #expect(Set(samples.map { $0.table.blocks[62] }).count == 8)
        for _ in 0..<7 { _ = bench.step() }
        #expect(cache.usedBlocks == 62 + 8, "the other half is filled before a new block is taken")
        _ = bench.step()
        #expect(cache.usedBlocks == 62 + 16)
        for sample in samples { bench.scheduler.finish(sample) }
        #expect(cache.usedBlocks == 0)
    }

    @Test("samples of a prompt that ends with a block copy nothing")
    func wholeBlocks() throws {
        let bench = try Bench()
        let samples = Self.samples(8, prompt: 992, on: bench)
        #expect(bench.scheduler.cache.usedBlocks == 62)
        _ = bench.step()
        #expect(bench.scheduler.cache.usedBlocks == 62 + 8)
        #expect(samples.allSatisfy { bench.scheduler.cache.allocator.referenceCount($0.table.blocks[61]) == 8 })
    }
}
