import Basics
import PagedCache
import Synchronization
import Testing

@testable import Scheduler

/// Who waits for whose blocks, and what is then computed. Blocks have 16 tokens.
@Suite struct PrefixSchedulingTests {
    typealias Bench = SchedulerBench

    /// Tokens that begin like every other such list, and go on with `own` tokens of kind `kind`.
    static func tokens(shared: Int, own: Int = 0, kind: Int = 0) -> [TokenID] {
        (0..<shared).map { TokenID(100 + $0) } + Array(repeating: TokenID(10_000 + kind), count: own)
    }

    @Test("64 requests that begin with the same 1,024 tokens compute these once")
    func once() throws {
        let bench = try Bench(blocks: 400, maxBatch: 64, prefillChunk: 256)
        let all = (0..<64).map { bench.add(Self.tokens(shared: 1024, own: 16, kind: $0)) }
        var rows = 0
        while all.contains(where: { $0.state != .decoding }) {
            rows += bench.step().filter { $0.value > 1 }.values.reduce(0, +)
        }
        #expect(rows == 1024 + 64 * 16)
        _ = bench.step()
        let cache = bench.scheduler.cache
        #expect(cache.prefixes.adoptedTokens == 64_512 && cache.prefixes.queriedTokens == 66_560)
        #expect(cache.usedBlocks == 64 + 64 * 2 && cache.prefixes.duplicates == 0)
        for sequence in all { bench.scheduler.finish(sequence) }
        #expect(cache.usedBlocks == 0 && cache.cachedBlocks == 64 + 64 && cache.invariantsHold)
    }

    @Test("a request that needs a block in the making waits for it, others pass, and it begins right behind the block")
    func deferred() throws {
        let bench = try Bench()
        bench.add(Self.tokens(shared: 40))
        bench.add(Self.tokens(shared: 40))
        bench.add(Self.tokens(shared: 0, own: 10))
        #expect(bench.step() == [1: 40, 3: 10])
        #expect(bench.scheduler.waiting.isEmpty && bench.scheduler.aside.unordered.map(\.arrival) == [2])
        #expect(bench.step() == [1: 1, 2: 8, 3: 1], "two blocks are there, the third one nobody has in full")
    }

    @Test("the last token is computed even where all blocks are there, for its logits")
    func lastToken() throws {
        let bench = try Bench()
        let first = bench.add(Self.tokens(shared: 48))
        #expect(bench.step() == [1: 48])
        bench.scheduler.finish(first)
        bench.add(Self.tokens(shared: 48))
        bench.add(Self.tokens(shared: 49))
        #expect(bench.step() == [2: 16, 3: 1])
        #expect(bench.scheduler.cache.prefixes.duplicates == 1, "the block computed again gave way to its equal")
    }

    @Test("what was written is taken over like a prompt")
    func nextTurn() throws {
        let bench = try Bench()
        let first = bench.add(Self.tokens(shared: 20))
        for _ in 0..<30 { _ = bench.step() }
        #expect(first.table.tokenCount == 49)
        bench.scheduler.finish(first)
        bench.add(first.tokens + Self.tokens(shared: 0, own: 5))
        #expect(bench.step() == [2: 55 - 48])
    }

    @Test("who waited goes on alone when the one it waited for is cancelled, from where that one was")
    func cancelled() throws {
        let bench = try Bench()
        let first = bench.add(Self.tokens(shared: 200))
        bench.add(Self.tokens(shared: 200, own: 3))
        bench.add(Self.tokens(shared: 200, own: 3, kind: 1))
        #expect(bench.step() == [1: 64])
        bench.scheduler.finish(first)
        #expect(bench.step() == [2: 64], "the third one waits for the second one now")
        #expect(bench.step() == [2: 64])
        #expect(bench.step() == [2: 203 - 192, 3: 203 - 192])
        #expect(bench.scheduler.cache.prefixes.adoptedTokens == 64 + 192)
    }

    @Test("sequences that lost their blocks take over what is left of them, the oldest first")
    func preempted() throws {
        let bench = try Bench()
        bench.add(Self.tokens(shared: 200))
        bench.add(Self.tokens(shared: 200))
        #expect(bench.step() == [1: 64])
        bench.scheduler.preemptAll()
        #expect(bench.scheduler.cache.usedBlocks == 0 && bench.scheduler.cache.cachedBlocks == 4)
        #expect(bench.step() == [1: 64])
        #expect(bench.step() == [1: 64])
        #expect(bench.step() == [1: 8, 2: 8])
    }

    @Test("a sequence whose every logit is wanted computes all, and others take its blocks over")
    func allLogits() throws {
        let bench = try Bench()
        bench.add(Self.tokens(shared: 40), lastOnly: false)
        bench.add(Self.tokens(shared: 40), lastOnly: false)
        #expect(bench.step() == [1: 40, 2: 24])
        #expect(bench.step() == [1: 1, 2: 16])
        #expect(bench.scheduler.cache.prefixes.duplicates == 2 && bench.scheduler.cache.prefixes.queriedTokens == 0)
        bench.add(Self.tokens(shared: 40))
        #expect(bench.step() == [1: 1, 2: 1, 3: 8])
    }

    @Test("nobody waits for a sequence that is computed token by token")
    func tokenByToken() throws {
        let bench = try Bench()
        bench.add(Self.tokens(shared: 40), chunkLimit: 1)
        bench.add(Self.tokens(shared: 40))
        #expect(bench.step() == [1: 1, 2: 40])
    }

    @Test("cached blocks that a sequence takes over are no room for its other blocks")
    func arithmetic() throws {
        let bench = try Bench(blocks: 6)
        let cache = bench.scheduler.cache
        let first = bench.add(Self.tokens(shared: 64))
        #expect(bench.step() == [1: 64])
        bench.scheduler.finish(first)
        let second = bench.add(20)
        #expect(bench.step() == [2: 20])
        #expect(cache.freeBlocks == 4 && cache.cachedBlocks == 4)
        // All four cached blocks are its own, so there is none for the fifth.
        bench.add(Self.tokens(shared: 64, own: 10))
        #expect(bench.step() == [2: 1])
        #expect(cache.cachedBlocks == 4 && cache.prefixes.adoptedTokens == 0)
        bench.scheduler.finish(second)
        #expect(bench.step() == [3: 10])
        #expect(cache.usedBlocks == 5 && cache.prefixes.evictions == 0)
    }

    @Test("a static batch takes over what earlier ones left, and is still a grid whose rows end together")
    func staticBatch() throws {
        let bench = try Bench(policy: .static, maxBatch: 3, prefillChunk: 30)
        let first = bench.add(Self.tokens(shared: 40))
        #expect(bench.step() == [1: 30])
        #expect(bench.step() == [1: 10])
        bench.scheduler.finish(first)
        for own in [8, 1] { bench.add(Self.tokens(shared: 40, own: own, kind: own)) }
        bench.add(12)
        #expect(bench.step() == [2: 10, 3: 3, 4: 6], "of 48, 41 and 12 tokens 32, 32 and none are there")
        #expect(bench.step() == [2: 6, 3: 6, 4: 6])
        #expect(bench.step() == [2: 1, 3: 1, 4: 1])
    }

    @Test("with the prefix cache off nothing is looked up, kept or waited for")
    func off() throws {
        let bench = try Bench(prefixCache: false)
        let first = bench.add(Self.tokens(shared: 40))
        bench.add(Self.tokens(shared: 40))
        #expect(bench.step() == [1: 40, 2: 24])
        bench.scheduler.finish(first)
        #expect(bench.scheduler.cache.cachedBlocks == 0)
        #expect(bench.scheduler.cache.prefixes == PrefixStatistics())
    }

    @Test("a step looks at no more than so many of those that wait")
    func boundedScan() throws {
        let hashes = Mutex(0)
        let counting = PrefixHash(seed: 0) { parent, tokens in
            hashes.withLock { $0 += 1 }
            return tokens.reduce(parent) { $0 &* 31 &+ UInt64($1.index) }
        }
        let bench = try Bench(blocks: 2000, prefixHash: counting)
        bench.add(Self.tokens(shared: 320), chunkLimit: 32)
        for _ in 0..<5_000 { bench.add(Self.tokens(shared: 320)) }
        for _ in 0..<10 {
            hashes.withLock { $0 = 0 }
            #expect(bench.step() == [1: 32])
            // Of each that steps aside the blocks that are there, twenty at most, and twice the one it waits for.
            #expect((2 * 128...22 * 128 + 10).contains(hashes.withLock { $0 }))
        }
        #expect(bench.scheduler.aside.count == 10 * 128)
        #expect(bench.step().count > 1)
    }

    @Test("however many have waited for the same, a step calls back only so many, in order, and none is forgotten")
    func boundedReturn() throws {
        let bench = try Bench(blocks: 2000)
        bench.add(Self.tokens(shared: 320), chunkLimit: 32)
        let others = (0..<1_000).map { bench.add(Self.tokens(shared: 320, own: 1, kind: $0)) }
        for _ in 0..<10 { #expect(bench.step().count == 1) }
        #expect(bench.scheduler.aside.count == 1_000 && bench.scheduler.waiting.isEmpty)
        bench.scheduler.finish(others[2])
        var begun: [Int] = []
        for _ in 0..<200 where begun.count < 999 {
            begun += bench.step().keys.filter { $0 > 1 && !begun.contains($0) }.sorted()
            #expect(bench.scheduler.waiting.count <= 4 * 256)
            for sequence in others where sequence.state == .decoding { bench.scheduler.finish(sequence) }
        }
        #expect(begun == (2...1_001).filter { $0 != 4 })
        #expect(bench.scheduler.aside.isEmpty && bench.scheduler.aside.unordered.isEmpty)
    }

    @Test("what its neighbour in the line could take over is no more than a hint")
    func neighbours() throws {
        let bench = try Bench(maxBatch: 2, prefillChunk: 16)
        let first = bench.add(Self.tokens(shared: 64, own: 1))
        for _ in 0..<5 { _ = bench.step() }
        bench.scheduler.finish(first)
        let others = [
            Self.tokens(shared: 64, own: 100), Self.tokens(shared: 64, own: 1, kind: 1),
            Self.tokens(shared: 63, own: 20, kind: 1), Self.tokens(shared: 64), Self.tokens(shared: 65),
            Self.tokens(shared: 80),
        ].map { bench.make($0) }
        // Whoever was looked up before, each finds what it would find alone.
        for sequence in others + others.reversed() {
            sequence.adoptable = .root
            bench.scheduler.lookUp(sequence)
            var alone = PrefixChain.root
            bench.scheduler.cache.follow(&alone, along: sequence.tokens)
            #expect(sequence.adoptable == alone)
        }
        #expect(others.map(\.adoptable.tokenCount) == [64, 64, 48, 48, 64, 64])
    }

    @Test("one that stands aside can be given up, and is not lost when its leader is")
    func givenUp() throws {
        let bench = try Bench()
        let leader = bench.add(Self.tokens(shared: 60))
        let second = bench.add(Self.tokens(shared: 60))
        let third = bench.add(Self.tokens(shared: 60))
        bench.add(Self.tokens(shared: 60))
        #expect(bench.step() == [1: 60])
        #expect(bench.scheduler.aside.count == 3)
        bench.scheduler.finish(third)
        bench.scheduler.finish(leader)
        #expect(!bench.scheduler.isIdle)
        #expect(bench.step() == [2: 12, 4: 12])
        #expect(second.state == .decoding && third.state == .finished)
    }
}
