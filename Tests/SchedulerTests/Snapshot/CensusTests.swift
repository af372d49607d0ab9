import Basics
import PagedCache
import Testing

@testable import Scheduler

@Suite("The census of a scheduler")
struct CensusTests {
    private typealias Bench = SchedulerBench

    private func census(_ bench: SchedulerBench, most: Int = 256) -> Census {
        bench.scheduler.census(after: bench.plan, most: most)
    }

    private func cells(_ census: Census, most: Int = 4096) -> [BlockMap.Cell] {
        BlockMap(census.codes, listed: census.sequences.count, most: most).cells
    }

    @Test("every block has the owner that its table says, and sums are the cache's")
    func owners() throws {
        let bench = try Bench(prefillChunk: 512)
        let sequences = [40, 16, 100].map { bench.add($0) }
        _ = bench.step()
        let census = census(bench)
        let cells = cells(census)
        #expect(cells.count == bench.scheduler.cache.usedBlocks)
        for (index, sequence) in sequences.enumerated() {
            #expect(census.sequences[index].request == sequence.arrival)
            #expect(census.sequences[index].blocks == sequence.table.blocks.count)
            for block in sequence.table.blocks { #expect(cells[block.index] == .held(by: index)) }
        }
        #expect(census.sequences.map(\.lastRows) == [40, 16, 100])
        #expect(census.sequences.map(\.state) == [.decode, .decode, .decode])
        #expect(census.sequences.map(\.generatedTokens) == [1, 1, 1] && census.unlisted == 0)
    }

    @Test("samples of one prompt share its blocks in the first one's name, and own what they copied")
    func forks() throws {
        let bench = try Bench()
        let first = bench.add(40)
        first.siblings = [bench.make(first.tokens), bench.make(first.tokens)]
        let samples = [first] + first.siblings
        while first.pendingTokens > 0 { _ = bench.step(draws: false) }
        first.state = .decoding
        _ = bench.scheduler.fork(first)
        let shared = census(bench)
        #expect(cells(shared) == Array(repeating: .shared(by: 0), count: 3))
        for (index, sample) in samples.enumerated() { sample.tokens.append(TokenID(10 + index)) }
        _ = bench.step()
        let census = census(bench)
        let map = BlockMap(census.codes, listed: 3, most: 64)
        #expect(map.sharedBlocks == 2 && map.cells.count == 5)
        for (index, sample) in samples.enumerated() {
            #expect(sample.table.blocks.prefix(2).allSatisfy { map.cells[$0.index] == .shared(by: 0) })
            #expect(map.cells[sample.table.blocks[2].index] == .held(by: index))
        }
    }

    @Test("who takes over a cached beginning shares it, and what nobody holds is cached")
    func prefixes() throws {
        let bench = try Bench()
        let tokens = (0..<40).map { TokenID(100 + $0) }
        let first = bench.add(tokens)
        _ = bench.step()
        let second = bench.add(tokens)
        _ = bench.step()
        let both = cells(census(bench))
        #expect(second.table.blocks.prefix(2) == first.table.blocks.prefix(2))
        #expect(second.table.blocks.prefix(2).allSatisfy { both[$0.index] == .shared(by: 0) })
        #expect(both[second.table.blocks[2].index] == .held(by: 1))
        let blocks = second.table.blocks
        bench.scheduler.finish(first)
        let one = cells(census(bench))
        #expect(blocks.allSatisfy { one[$0.index] == .held(by: 0) })
        bench.scheduler.finish(second)
        let none = census(bench)
        #expect(none.sequences.isEmpty)
        #expect(cells(none).count { $0 == .cached } == bench.scheduler.cache.cachedBlocks)
        #expect(
            bench.scheduler.cache.cachedBlocks == 2 && blocks.prefix(2).allSatisfy { none.codes[$0.index] == .cached })
    }

    @Test("those that wait come behind those that run, and the list ends where it is told to")
    func limits() throws {
        let bench = try Bench(maxBatch: 2, prefillChunk: 512)
        for _ in 0..<5 { bench.add(20) }
        _ = bench.step()
        let all = census(bench)
        #expect(all.sequences.map(\.state) == [.decode, .decode, .waiting, .waiting, .waiting])
        #expect(all.sequences.map(\.lastRows) == [20, 20, 0, 0, 0] && all.unlisted == 0)
        let three = census(bench, most: 3)
        #expect(three.sequences == Array(all.sequences.prefix(3)) && three.unlisted == 2)
        let one = census(bench, most: 1)
        #expect(one.unlisted == 4)
        #expect(Set(cells(one).map { "\($0)" }) == ["held(by: Optional(0))", "held(by: nil)"])
    }

    @Test("a sequence that waits for blocks that another computes is there as one that waits")
    func aside() throws {
        let bench = try Bench()
        let tokens = (0..<100).map { TokenID(100 + $0) }
        for _ in 0..<3 { bench.add(tokens, chunkLimit: 16) }
        _ = bench.step()
        #expect(bench.scheduler.aside.count == 2)
        #expect(census(bench).sequences.map(\.state) == [.prefill, .waiting, .waiting])
        #expect(census(bench, most: 2).unlisted == 1)
    }

    @Test("a block that is held by no sequence that runs is nobody's in the list")
    func strangers() throws {
        let bench = try Bench()
        bench.add(16)
        _ = bench.step()
        var stranger = BlockTable()
        #expect(bench.scheduler.cache.reserve(64, for: &stranger))
        let cells = cells(census(bench))
        #expect(cells.count { $0 == .held(by: nil) } == 4 && cells.count { $0 == .held(by: 0) } == 1)
    }

    @Test("a cell of several blocks shows what most of them are that are not free")
    func condensed() {
        let one = BlockMap.Code(holder: 0, isShared: false)
        let two = BlockMap.Code(holder: 1, isShared: true)
        let codes =
            [.free, one, .free, .free] + [.cached, .cached, one, two] + [two, two, one, .free] + [.free, .free]
        let map = BlockMap(codes, listed: 2, most: 4)
        #expect(map.blocksPerCell == 4)
        #expect(map.cells == [.held(by: 0), .cached, .shared(by: 1), .free] && map.sharedBlocks == 3)
        #expect(BlockMap(codes, listed: 2, most: 13).blocksPerCell == 2)
        #expect(BlockMap([], listed: 0, most: 4).cells.isEmpty)
    }
}
