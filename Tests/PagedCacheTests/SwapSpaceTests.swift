import Foundation
import TestSupport
import Testing

@testable import Kernels
@testable import PagedCache

@Suite struct SwapSpaceTests {
    /// A cache and a swap space whose blocks hold what the test has written there.
    final class Bench {
        let crew: WorkerLanes
        let cache: PagedCache
        let space: SwapSpace

        /// - Parameter nodes: so many that the machine need not have; their parts lie apart all the same.
        init(
            blocks: Int, slots: Int, blockTokens: Int = 16, format: KeyValueFormat = .f32, threads: Int = 2,
            nodes: Int = 1
        ) throws {
            let cpus = Machine.detect().nodes.flatMap(\.cpus)
            let machine = Machine(
                nodes: (0..<nodes).map { Machine.Node(id: $0, cpus: cpus, memoryBytes: 1 << 30, freeBytes: 1 << 30) },
                canPlace: false)
            crew = try WorkerLanes(threads: threads, machine: machine)
            let layout = KeyValueLayout(
                layers: 2, heads: 3, headDim: 20, blockTokens: blockTokens, format: format, crew: crew)
            cache = try PagedCache(layout: layout, blocks: blocks, crew: crew)
            space = try SwapSpace(layout: layout, bytes: slots * layout.bytesPerBlock + 1, crew: crew)
        }

        deinit { crew.stop() }

        /// Other bytes in each block of the table that nobody else holds.
        func fill(_ table: BlockTable, seed: UInt64) {
            var generator = SplitMix64(seed: seed)
            for block in table.blocks where !cache.allocator.isShared(block) {
                for node in cache.arenas.indices {
                    let (first, count) = bytes(of: block, node)
                    for at in stride(from: 0, to: count - 3, by: 4) {
                        first.storeBytes(
                            of: UInt32(truncatingIfNeeded: generator.next()), toByteOffset: at, as: UInt32.self)
                    }
                }
            }
        }

        /// What the blocks of the stored tokens hold, node by node.
        func content(_ table: BlockTable) -> [Data] {
            cache.arenas.indices.map { node in
                table.blocks.prefix(cache.blocks(forTokens: table.tokenCount)).reduce(into: Data()) { data, block in
                    let (first, count) = bytes(of: block, node)
                    data.append(Data(bytes: first, count: count))
                }
            }
        }

        private func bytes(of block: BlockID, _ node: Int) -> (UnsafeMutableRawPointer, Int) {
            let stride = cache.layout.bytesPerBlock(onNode: node)
            return (cache.arenas[node].base + block.index * stride, stride)
        }

        func table(_ tokens: Int, seed: UInt64) -> BlockTable {
            var table = BlockTable()
            #expect(cache.reserve(tokens, for: &table))
            cache.advance(&table, by: tokens)
            fill(table, seed: seed)
            return table
        }
    }

    @Test(
        "a table comes back as it was, in any format, block size and number of nodes",
        arguments: KeyValueFormat.allCases,
        [16, 48])
    func identity(_ format: KeyValueFormat, _ blockTokens: Int) throws {
        for (threads, nodes) in [(1, 1), (3, 1), (2, 2), (7, 3)] {
            let bench = try Bench(
                blocks: 12, slots: 8, blockTokens: blockTokens, format: format, threads: threads, nodes: nodes)
            let (cache, space) = (bench.cache, bench.space)
            var first = bench.table(3 * blockTokens + 5, seed: 1)
            var other = bench.table(2 * blockTokens, seed: 2)
            let (content, otherContent) = (bench.content(first), bench.content(other))
            let swapped = try #require(cache.swapOut(&first, to: space))
            #expect(first == BlockTable() && swapped.blockCount == 4 && swapped.tokenCount == 3 * blockTokens + 5)
            #expect(space.usedSlots == 4 && cache.usedBlocks == 2)
            // Somebody else gets its blocks meanwhile.
            var third = bench.table(5 * blockTokens, seed: 3)
            cache.release(&other)
            other = bench.table(blockTokens + 1, seed: 4)
            first = try #require(cache.swapIn(swapped, tokens: 4 * blockTokens + 1, from: space))
            #expect(first.tokenCount == 3 * blockTokens + 5 && first.blocks.count == 5)
            #expect(bench.content(first) == content, "\(threads) threads, \(nodes) nodes")
            #expect(bench.content(other) != otherContent && space.usedSlots == 0)
            let bytes = 4 * cache.layout.bytesPerBlock
            #expect(space.bytesOut == bytes && space.bytesIn == bytes && space.isConsistent(with: []))
            for var table in [first, other, third] { cache.release(&table) }
            third = BlockTable()
            #expect(cache.freeBlocks == 12 && cache.allocator.invariantsHold)
        }
    }

    @Test("what does not fit changes nothing: too few slots out, too few blocks back")
    func tooFew() throws {
        let bench = try Bench(blocks: 8, slots: 3)
        let (cache, space) = (bench.cache, bench.space)
        var large = bench.table(50, seed: 1)
        let before = (large, bench.content(large))
        #expect(cache.swapOut(&large, to: space) == nil)
        #expect(large == before.0 && bench.content(large) == before.1 && space.usedSlots == 0)
        var small = bench.table(33, seed: 2)
        let content = bench.content(small)
        let swapped = try #require(cache.swapOut(&small, to: space))
        #expect(space.freeSlots == 0)
        #expect(cache.swapIn(swapped, tokens: 80, from: space) == nil, "five blocks are asked for, four are free")
        #expect(cache.freeBlocks == 4 && space.usedSlots == 3)
        small = try #require(cache.swapIn(swapped, tokens: 64, from: space))
        #expect(bench.content(small) == content)
    }

    @Test("blocks that others share stay theirs, and come back as the sequence's own")
    func shared() throws {
        let bench = try Bench(blocks: 8, slots: 8)
        let (cache, space) = (bench.cache, bench.space)
        var table = bench.table(40, seed: 1)
        var fork = cache.fork(table)
        #expect(cache.blocksHeldAlone(by: table) == 0)
        #expect(cache.reserve(41, for: &fork) && cache.blocksHeldAlone(by: fork) == 1)
        let content = bench.content(table)
        let swapped = try #require(cache.swapOut(&fork, to: space))
        #expect(cache.usedBlocks == 3 && bench.content(table) == content, "only its own copy is free")
        // It has lost nothing when its sibling goes and others write over the blocks.
        cache.release(&table)
        var others = bench.table(8 * 16, seed: 2)
        cache.release(&others)
        fork = try #require(cache.swapIn(swapped, tokens: 41, from: space))
        #expect(bench.content(fork) == content && cache.blocksHeldAlone(by: fork) == 3)
    }

    @Test("no page is taken before a slot is used, and slots are used again")
    func laziness() throws {
        let bench = try Bench(blocks: 40, slots: 4000, blockTokens: 64)
        let region = bench.space.regions[0]
        let before = region.placement()
        try #require(before.refusal == nil, "the system does not tell where pages lie")
        #expect(before.pagesByNode.isEmpty && region.byteCount > 100 << 20)
        for seed in 1...20 as ClosedRange<UInt64> {
            var table = bench.table(64 * 30, seed: seed)
            let swapped = try #require(bench.cache.swapOut(&table, to: bench.space))
            bench.space.release(swapped)
        }
        let taken = region.placement().pagesByNode.values.reduce(0, +) * Int(sysconf(Int32(_SC_PAGESIZE)))
        // Maybe in huge pages.
        #expect(
            taken >= 30 * bench.cache.layout.bytesPerBlock && taken <= 30 * bench.cache.layout.bytesPerBlock + 4 << 20)
    }

    @Test("the rate follows what was measured, the latest copies most")
    func rate() {
        var rate = CopyRate()
        #expect(rate.bytesPerSecond == CopyRate.priorBytesPerSecond)
        for _ in 0..<100 { rate.record(bytes: 1 << 20, seconds: 1e-3) }
        #expect(abs(rate.bytesPerSecond / Double(1 << 30) * 1.024 - 1) < 0.05)
        for _ in 0..<20 { rate.record(bytes: 1 << 20, seconds: 1e-4) }
        #expect(rate.bytesPerSecond > 5 * Double(1 << 30) / 1.024)
        let before = rate
        rate.record(bytes: 0, seconds: 1)
        rate.record(bytes: 1, seconds: 0)
        #expect(rate == before)
    }

    @Test(
        "whatever is reserved, forked, swapped and released, every table keeps its bytes and no slot or block is lost",
        arguments: UInt64(1)...12)
    func anyHistory(_ seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let bench = try Bench(
            blocks: 24, slots: Int.random(in: 0...30, using: &generator), format: .int8,
            threads: Int.random(in: 1...3, using: &generator), nodes: Int.random(in: 1...2, using: &generator))
        let (cache, space) = (bench.cache, bench.space)
        var tables: [(table: BlockTable, content: [Data])] = []
        var away: [(table: SwappedTable, content: [Data])] = []
        for step in 0..<250 {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: tables.append((BlockTable(), bench.cache.arenas.map { _ in Data() }))
            case 1 where !tables.isEmpty:
                let index = Int.random(in: 0..<tables.count, using: &generator)
                let tokens = tables[index].table.tokenCount + Int.random(in: 1...40, using: &generator)
                guard cache.reserve(tokens, for: &tables[index].table) else { continue }
                cache.advance(&tables[index].table, by: tokens - tables[index].table.tokenCount)
                bench.fill(tables[index].table, seed: generator.next())
                tables[index].content = bench.content(tables[index].table)
            case 2 where !tables.isEmpty:
                let (table, content) = tables[Int.random(in: 0..<tables.count, using: &generator)]
                tables.append((cache.fork(table), content))
            case 3 where !tables.isEmpty:
                let index = Int.random(in: 0..<tables.count, using: &generator)
                guard let swapped = cache.swapOut(&tables[index].table, to: space) else { continue }
                away.append((swapped, tables.remove(at: index).content))
            case 4 where !away.isEmpty:
                let index = Int.random(in: 0..<away.count, using: &generator)
                let tokens = away[index].table.tokenCount + Int.random(in: 0...20, using: &generator)
                guard let table = cache.swapIn(away[index].table, tokens: tokens, from: space) else { continue }
                tables.append((table, away.remove(at: index).content))
            case 5:
                if !tables.isEmpty, Bool.random(using: &generator) {
                    var (table, _) = tables.remove(at: Int.random(in: 0..<tables.count, using: &generator))
                    cache.release(&table)
                } else if !away.isEmpty {
                    space.release(away.remove(at: Int.random(in: 0..<away.count, using: &generator)).table)
                }
            default: break
            }
            let place = "seed \(seed), step \(step)"
            try #require(tables.allSatisfy { bench.content($0.table) == $0.content }, "\(place): bytes were lost")
            try #require(space.isConsistent(with: away.map(\.table)), "\(place): slots")
            let held = Set(tables.flatMap { $0.table.blocks })
            try #require(cache.usedBlocks == held.count && cache.allocator.invariantsHold, "\(place): blocks")
            for (table, _) in tables {
                let alone = table.blocks.filter { !cache.allocator.isShared($0) }.count
                try #require(cache.blocksHeldAlone(by: table) == alone, "\(place): \(table)")
            }
        }
    }
}
