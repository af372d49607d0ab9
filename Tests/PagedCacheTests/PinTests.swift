import Basics
import TestSupport
import Testing

@testable import PagedCache

/// Blocks that somebody wants to stay. Blocks have 16 tokens.
@Suite struct PinTests {
    private func text(_ seed: Int, blocks: Int) -> [TokenID] { (0..<blocks * 16).map { TokenID(seed * 1000 + $0) } }

    @Test("what is pinned leaves after everything else, and leaves all the same")
    func order() throws {
        let bench = try PrefixTests.Bench(blocks: 12)
        let first = text(1, blocks: 4)
        try bench.pass(first)
        let pin = bench.cache.pin(first)
        #expect(pin.blockCount == 4 && bench.cache.freeBlocks == 12)
        for seed in 2..<20 {
            try bench.pass(text(seed, blocks: 4))
            #expect(bench.find(first + [TokenID(0)]).tokenCount == 64)
        }
        // Whoever needs the whole cache gets it.
        var table = try bench.store(text(99, blocks: 12))
        #expect(bench.find(first).tokenCount == 0 && bench.cache.invariantsHold)
        bench.cache.release(&table)
        bench.cache.unpin(pin)
        #expect(bench.cache.invariantsHold)
    }

    @Test("what nobody wants to stay any more leaves like others")
    func unpinned() throws {
        let bench = try PrefixTests.Bench(blocks: 12)
        let first = text(1, blocks: 4)
        try bench.pass(first)
        let pins = [bench.cache.pin(first), bench.cache.pin(first)]
        bench.cache.unpin(pins[0])
        for seed in 2..<6 { try bench.pass(text(seed, blocks: 4)) }
        #expect(bench.find(first + [TokenID(0)]).tokenCount == 64)
        bench.cache.unpin(pins[1])
        for seed in 6..<10 { try bench.pass(text(seed, blocks: 4)) }
        #expect(bench.find(first + [TokenID(0)]).tokenCount == 0)
    }

    @Test("pins, texts and evictions in any order leave the books in order", arguments: UInt64(1)...20)
    func random(_ seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let bench = try PrefixTests.Bench(blocks: Int.random(in: 4...20, using: &generator))
        var pins: [PrefixPin] = []
        var tables: [(tokens: [TokenID], table: BlockTable)] = []
        // Texts that share beginnings: each block is one of two.
        func text() -> [TokenID] {
            (0..<Int.random(in: 1...5, using: &generator)).flatMap { _ in
                Array(repeating: TokenID(Int.random(in: 0...1, using: &generator)), count: 16)
            }
        }
        for step in 0..<400 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                let tokens = text()
                guard bench.cache.blocks(forTokens: tokens.count) <= bench.cache.freeBlocks else { break }
                let table = try bench.store(tokens)
                tables.append((tokens, table))
            case 1:
                guard let index = tables.indices.randomElement(using: &generator) else { break }
                bench.cache.release(&tables[index].table)
                tables.remove(at: index)
            case 2: pins.append(bench.cache.pin(text()))
            default:
                guard let index = pins.indices.randomElement(using: &generator) else { break }
                bench.cache.unpin(pins.remove(at: index))
            }
            #expect(bench.cache.invariantsHold, "seed \(seed), step \(step)")
        }
        for index in tables.indices { bench.cache.release(&tables[index].table) }
        for pin in pins { bench.cache.unpin(pin) }
        let blocks = (0..<bench.cache.blockCount).map { BlockID(rawValue: Int32($0)) }
        #expect(!blocks.contains(where: bench.cache.allocator.isPinned), "seed \(seed)")
        #expect(bench.cache.usedBlocks == 0)
    }
}
