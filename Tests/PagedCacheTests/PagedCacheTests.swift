import Kernels
import TestSupport
import Testing

@testable import PagedCache

@Suite struct PagedCacheTests {
    /// Runs `body` with a small cache; its lanes have ended afterwards.
    func withCache(blocks: Int, blockTokens: Int = 16, _ body: (PagedCache) throws -> Void) throws {
        let crew = try WorkerLanes(threads: 2)
        defer { crew.stop() }
        let layout = KeyValueLayout(layers: 2, heads: 3, headDim: 5, blockTokens: blockTokens, format: .f32, crew: crew)
        try body(try PagedCache(layout: layout, blocks: blocks, crew: crew))
    }

    @Test("a reservation takes just the blocks it needs, or nothing")
    func reserve() throws {
        try withCache(blocks: 3) { cache in
            var table = BlockTable()
            #expect(cache.reserve(17, for: &table))
            #expect(table.blocks.count == 2 && cache.freeBlocks == 1)
            cache.advance(&table, by: 17)
            #expect(cache.reserve(32, for: &table) && cache.freeBlocks == 1)
            let before = table
            #expect(!cache.reserve(49, for: &table))
            #expect(table == before && cache.freeBlocks == 1)
            cache.release(&table)
            #expect(cache.freeBlocks == 3 && table == BlockTable())
        }
    }

    @Test(
        "a pretended context is stored as finite numbers, and costs its blocks alone",
        arguments: KeyValueFormat.allCases)
    func pretend(_ format: KeyValueFormat) throws {
        let crew = try WorkerLanes(threads: 3)
        defer { crew.stop() }
        let layout = KeyValueLayout(layers: 2, heads: 3, headDim: 5, blockTokens: 16, format: format, crew: crew)
        let cache = try PagedCache(layout: layout, blocks: 4, crew: crew)
        var table = BlockTable()
        #expect(cache.reserve(33, for: &table))
        cache.pretend(32, for: &table, crew: crew)
        #expect(table.tokenCount == 32 && cache.usedBlocks == 3)
        for (node, arena) in cache.arenas.enumerated() {
            let bytes = layout.bytesPerBlock(onNode: node)
            func floats(_ index: Int) -> [Float] {
                let block = UnsafeRawBufferPointer(
                    start: arena.base + table.blocks[index].index * bytes, count: bytes)
                return switch format {
                case .f32: Array(block.bindMemory(to: Float.self))
                case .bf16: block.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
                case .int8: Array(block.bindMemory(to: Float.self))  // as scales; any byte is a sane number
                }
            }
            for index in 0..<2 {
                #expect(floats(index).allSatisfy { abs($0) <= 1 })
                #expect(Set(floats(index)).count > floats(index).count / 8)
            }
            #expect(!floats(0).elementsEqual(floats(1)))
            #expect(floats(2).allSatisfy { $0 == 0 })
        }
        cache.release(&table)
        #expect(cache.freeBlocks == 4)
    }

    @Test("a forked table shares blocks; who writes first copies, who writes last keeps")
    func copyOnWrite() throws {
        try withCache(blocks: 4) { cache in
            var table = BlockTable()
            #expect(cache.reserve(20, for: &table))
            cache.advance(&table, by: 20)
            var fork = cache.fork(table)
            #expect(fork.blocks == table.blocks && cache.usedBlocks == 2)
            // Something to recognise the copy by.
            let arena = cache.arenas[0].base.assumingMemoryBound(to: Float.self)
            let stride = cache.layout.bytesPerBlock(onNode: 0) / 4
            for i in 0..<stride { arena[table.blocks[1].index * stride + i] = Float(i) }

            #expect(cache.blocksToReserve(21, for: table) == 1)
            #expect(cache.reserve(21, for: &table))
            #expect(table.blocks[0] == fork.blocks[0] && table.blocks[1] != fork.blocks[1])
            #expect((0..<stride).allSatisfy { arena[table.blocks[1].index * stride + $0] == Float($0) })
            #expect(cache.blocksToReserve(21, for: fork) == 0, "the other one now has the block alone")
            #expect(cache.reserve(21, for: &fork) && cache.usedBlocks == 3)
            cache.release(&table)
            #expect(cache.usedBlocks == 2)
            cache.release(&fork)
            #expect(cache.usedBlocks == 0 && cache.allocator.invariantsHold)
        }
    }

    @Test("a fork at a block's end shares everything and copies nothing")
    func forkAtBorder() throws {
        try withCache(blocks: 4) { cache in
            var table = BlockTable()
            #expect(cache.reserve(16, for: &table))
            cache.advance(&table, by: 16)
            var fork = cache.fork(table)
            #expect(cache.blocksToReserve(17, for: fork) == 1)
            #expect(cache.reserve(17, for: &fork) && fork.blocks[0] == table.blocks[0])
            cache.release(&fork)
            cache.release(&table)
            #expect(cache.freeBlocks == 4)
        }
    }

    @Test("random reservations, forks and releases never lose or share a written block", arguments: UInt64(1)...20)
    func randomTables(_ seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        try withCache(blocks: 24) { cache in
            var tables: [BlockTable] = []
            for step in 0..<300 {
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: tables.append(BlockTable())
                case 1 where !tables.isEmpty:
                    let index = Int.random(in: 0..<tables.count, using: &generator)
                    let more = Int.random(in: 1...40, using: &generator)
                    let next = tables[index].tokenCount
                    if cache.reserve(next + more, for: &tables[index]) {
                        for position in next..<next + more {
                            let block = tables[index].blocks[position / cache.blockTokens]
                            #expect(
                                !cache.allocator.isShared(block),
                                "seed \(seed), step \(step): writes into a shared block")
                        }
                        cache.advance(&tables[index], by: more)
                    }
                case 2 where !tables.isEmpty:
                    tables.append(cache.fork(tables[Int.random(in: 0..<tables.count, using: &generator)]))
                case 3 where !tables.isEmpty:
                    var table = tables.remove(at: Int.random(in: 0..<tables.count, using: &generator))
                    cache.release(&table)
                default: break
                }
                let held = Set(tables.flatMap { $0.blocks.map(\.rawValue) })
                #expect(cache.usedBlocks == held.count, "seed \(seed), step \(step)")
            }
            #expect(cache.allocator.invariantsHold, "seed \(seed)")
        }
    }
}
