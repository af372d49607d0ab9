import Basics
import Kernels
import Testing

@testable import PagedCache

/// What is found again of full blocks, by their tokens and those before them. Blocks have 16 tokens.
@Suite struct PrefixTests {
    /// A cache whose lanes end with it.
    final class Bench {
        let cache: PagedCache
        private let crew: WorkerLanes

        init(blocks: Int = 12, hash: PrefixHash = PrefixHash(scope: 0)) throws {
            crew = try WorkerLanes(threads: 1)
            let layout = KeyValueLayout(layers: 1, heads: 1, headDim: 1, blockTokens: 16, format: .f32, crew: crew)
            cache = try PagedCache(layout: layout, blocks: blocks, crew: crew, prefixHash: hash)
        }

        deinit { crew.stop() }

        /// A table that holds these tokens, taken over as far as they are known.
        func store(_ tokens: [TokenID]) throws -> BlockTable {
            var table = BlockTable()
            cache.adopt(find(tokens), of: tokens.count, for: &table)
            try #require(cache.reserve(tokens.count, for: &table))
            cache.advance(&table, by: tokens.count - table.tokenCount)
            cache.publish(tokens, of: &table)
            return table
        }

        func find(_ tokens: [TokenID]) -> PrefixChain {
            var chain = PrefixChain.root
            cache.follow(&chain, along: tokens)
            return chain
        }

        /// Store them and let go of them.
        func pass(_ tokens: [TokenID]) throws {
            var table = try store(tokens)
            cache.release(&table)
        }
    }

    private static func tokens(_ count: Int, from first: Int = 0) -> [TokenID] {
        (first..<first + count).map { TokenID($0) }
    }

    @Test("full blocks are found by their tokens, but for the block of the last token")
    func find() throws {
        let bench = try Bench()
        try bench.pass(Self.tokens(40))
        #expect(bench.cache.usedBlocks == 0 && bench.cache.cachedBlocks == 2 && bench.cache.freeBlocks == 12)
        for (count, found) in [(1, 0), (16, 0), (17, 16), (32, 16), (33, 32), (40, 32), (100, 32)] {
            #expect(bench.find(Self.tokens(count)).tokenCount == found, "\(count) tokens")
        }
        #expect(bench.find(Self.tokens(17) + [99] + Self.tokens(40)).tokenCount == 16)
        #expect(bench.find([99] + Self.tokens(40)).tokenCount == 0)
    }

    @Test("a block is found only behind the tokens that it was computed behind")
    func parents() throws {
        let bench = try Bench()
        let block = Self.tokens(16)
        try bench.pass(block + block + block)
        try bench.pass(Self.tokens(16, from: 50) + block)
        #expect(bench.find(block + block + block + block + [1]).tokenCount == 48)
        #expect(bench.find(Self.tokens(16, from: 50) + block + block + [1]).tokenCount == 32)
        #expect(bench.cache.cachedBlocks == 5)
    }

    @Test("sequences whose hashes are all the same are still told apart")
    func collisions() throws {
        let bench = try Bench(blocks: 40, hash: PrefixHash(seed: 0) { _, _ in 7 })
        let texts = (0..<10).map { Self.tokens(16, from: $0 % 2) + Self.tokens(33, from: $0) }
        let tables = try texts.map(bench.store)
        for (text, table) in zip(texts, tables) {
            var found = BlockTable()
            let chain = bench.find(text)
            #expect(chain.tokenCount == 48)
            bench.cache.adopt(chain, of: text.count, for: &found)
            #expect(found.blocks[...] == table.blocks.prefix(3))
            bench.cache.release(&found)
        }
        #expect(bench.find(Self.tokens(16, from: 1) + Self.tokens(33, from: 4)).tokenCount == 16)
        #expect(bench.cache.invariantsHold)
    }

    @Test("a table with room for its tokens takes over what others fill meanwhile, and gives its own blocks back")
    func adoptMore() throws {
        let bench = try Bench()
        let text = Self.tokens(70)
        try bench.pass(Self.tokens(20))
        var table = BlockTable()
        bench.cache.adopt(bench.find(text), of: text.count, for: &table)
        try #require(bench.cache.reserve(text.count, for: &table))
        let reserved = table.blocks
        bench.cache.adoptMore(along: text, first: .max, for: &table)
        #expect(table.blocks == reserved && table.tokenCount == 16, "there is nothing more yet")
        let others = try bench.store(Self.tokens(50))
        let used = bench.cache.usedBlocks
        bench.cache.adoptMore(along: text, first: 40, for: &table)
        #expect(table.tokenCount == 32, "of the first 40 tokens the last must be computed")
        bench.cache.adoptMore(along: text, first: .max, for: &table)
        #expect(table.blocks[..<3] == others.blocks[..<3] && table.blocks[3...] == reserved[3...])
        #expect(table.tokenCount == 48 && table.indexed == bench.find(text))
        #expect(bench.cache.usedBlocks == used - 2 && bench.cache.prefixes.adoptedTokens == 16 + 16 + 32)
        bench.cache.release(&table)
        #expect(bench.cache.invariantsHold)
    }

    @Test("an adopted block has one holder more, and none writes into it")
    func holders() throws {
        let bench = try Bench()
        var first = try bench.store(Self.tokens(40))
        var second = try bench.store(Self.tokens(35))
        #expect(second.blocks.prefix(2) == first.blocks.prefix(2) && second.blocks[2] != first.blocks[2])
        #expect(first.blocks.prefix(2).allSatisfy { bench.cache.allocator.referenceCount($0) == 2 })
        bench.cache.release(&first)
        #expect(bench.cache.usedBlocks == 3 && bench.cache.cachedBlocks == 0)
        bench.cache.release(&second)
        #expect(bench.cache.usedBlocks == 0 && bench.cache.cachedBlocks == 2)
    }

    @Test("two that computed the same block have one of them afterwards")
    func duplicates() throws {
        let bench = try Bench()
        let tokens = Self.tokens(40)
        var tables = [BlockTable(), BlockTable()]
        for index in tables.indices {
            try #require(bench.cache.reserve(40, for: &tables[index]))
            bench.cache.advance(&tables[index], by: 40)
        }
        #expect(bench.cache.usedBlocks == 6)
        for index in tables.indices { bench.cache.publish(tokens, of: &tables[index]) }
        #expect(bench.cache.usedBlocks == 4 && bench.cache.prefixes.duplicates == 2)
        #expect(tables[0].blocks.prefix(2) == tables[1].blocks.prefix(2) && tables[0].blocks[2] != tables[1].blocks[2])
        // A fork's blocks give way too, each table for itself.
        var fork = bench.cache.fork(tables[1])
        for index in tables.indices { bench.cache.release(&tables[index]) }
        bench.cache.publish(tokens, of: &fork)
        bench.cache.release(&fork)
        #expect(bench.cache.usedBlocks == 0 && bench.cache.invariantsHold)
    }

    @Test("a block that forks share is not exchanged for its equal: what comes after it would lose its beginning")
    func duplicatesOfForks() throws {
        let bench = try Bench(blocks: 8)
        let (cache, tokens) = (bench.cache, Self.tokens(40))
        var table = BlockTable()
        try #require(cache.reserve(40, for: &table))
        cache.advance(&table, by: 40)
        var fork = cache.fork(table)
        // Meanwhile somebody else has computed the first block, too.
        try bench.pass(Self.tokens(16))
        cache.publish(tokens, of: &table)
        #expect(table.blocks == fork.blocks && table.indexed == .root && cache.prefixes.duplicates == 0)
        cache.release(&table)
        // The first block's equal leaves the index; its own does not miss it.
        var other = BlockTable()
        try #require(cache.reserve(5 * 16, for: &other))
        #expect(cache.prefixes.evictions == 1 && cache.freeBlocks == 0)
        let blocks = fork.blocks
        cache.publish(tokens, of: &fork)
        #expect(fork.blocks == blocks && cache.invariantsHold)
        cache.release(&fork)
        var heir = BlockTable()
        let chain = bench.find(tokens)
        #expect(chain.tokenCount == 32)
        cache.adopt(chain, of: 40, for: &heir)
        #expect(heir.blocks[...] == blocks.prefix(2))
        for var table in [heir, other] { cache.release(&table) }
    }

    @Test("once the others are gone, a block is exchanged for its equal, and all after it are indexed")
    func duplicatesOfOneLeft() throws {
        let bench = try Bench()
        let (cache, tokens) = (bench.cache, Self.tokens(40))
        var table = BlockTable()
        try #require(cache.reserve(40, for: &table))
        cache.advance(&table, by: 40)
        var fork = cache.fork(table)
        try bench.pass(Self.tokens(16))
        cache.publish(tokens, of: &fork)
        cache.release(&table)
        cache.publish(tokens, of: &fork)
        #expect(cache.prefixes.duplicates == 1 && fork.indexed.tokenCount == 32 && cache.usedBlocks == 3)
        cache.release(&fork)
        #expect(bench.find(tokens).tokenCount == 32 && cache.invariantsHold)
    }

    @Test("what nobody has wanted for longest makes room first, free blocks before it, ends before beginnings")
    func eviction() throws {
        let bench = try Bench(blocks: 8)
        try bench.pass(Self.tokens(48))
        try bench.pass(Self.tokens(48, from: 100))
        // Wanted again, so the other one is the older.
        try bench.pass(Self.tokens(48))
        #expect(bench.cache.cachedBlocks == 6)
        func known() -> [Int] { [0, 100].map { bench.find(Self.tokens(60, from: $0)).tokenCount / 16 } }
        var table = BlockTable()
        var seen: [[Int]] = []
        for blocks in 1...8 {
            #expect(bench.cache.reserve(blocks * 16, for: &table))
            seen.append(known())
            #expect(bench.cache.invariantsHold, "a block lost the one before it")
        }
        #expect(seen == [[3, 3], [3, 3], [3, 2], [3, 1], [3, 0], [2, 0], [1, 0], [0, 0]])
        #expect(bench.cache.prefixes.evictions == 6 && !bench.cache.reserve(129, for: &table))
        bench.cache.release(&table)
    }

    @Test("a chain that was looked up goes on from where it was, or from nothing once its end is gone")
    func lookAgain() throws {
        let bench = try Bench(blocks: 4)
        let tokens = Self.tokens(60)
        var chain = PrefixChain.root
        bench.cache.follow(&chain, along: tokens)
        #expect(chain == .root)
        try bench.pass(Array(tokens.prefix(16)))
        bench.cache.follow(&chain, along: tokens)
        #expect(chain.tokenCount == 16)
        try bench.pass(Array(tokens.prefix(48)))
        bench.cache.follow(&chain, along: tokens)
        #expect(chain.tokenCount == 48)
        // Other content in the same physical blocks, also under the same tokens, is another node.
        try bench.pass(Self.tokens(64, from: 100))
        bench.cache.follow(&chain, along: tokens)
        #expect(chain == .root)
    }

    @Test("a pretended context is never indexed, nor what is computed behind it or forked from it")
    func pretended() throws {
        let crew = try WorkerLanes(threads: 1)
        defer { crew.stop() }
        let layout = KeyValueLayout(layers: 1, heads: 1, headDim: 1, blockTokens: 16, format: .f32, crew: crew)
        let cache = try PagedCache(layout: layout, blocks: 8, crew: crew)
        var table = BlockTable()
        try #require(cache.reserve(48, for: &table))
        cache.pretend(40, for: &table, crew: crew)
        cache.advance(&table, by: 8)
        var fork = cache.fork(table)
        cache.publish(Self.tokens(48), of: &table)
        cache.publish(Self.tokens(48), of: &fork)
        cache.release(&table)
        cache.release(&fork)
        #expect(cache.cachedBlocks == 0 && cache.freeBlocks == 8)
    }

    @Test("a list of blocks keeps their order through any removals")
    func recency() {
        var list = RecencyList(blocks: 5)
        #expect(list.first == nil && list.blocks.isEmpty)
        for block: Int32 in [3, 0, 4, 1] { list.append(block) }
        list.remove(0)
        list.append(2)
        list.remove(3)
        #expect(list.blocks == [4, 1, 2] && list.first == 4 && list.count == 3)
        #expect(!list.contains(0) && list.contains(2))
        for block: Int32 in [2, 4, 1] { list.remove(block) }
        #expect(list.first == nil && list.count == 0)
        list.append(0)
        #expect(list.blocks == [0])
    }
}
