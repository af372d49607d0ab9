import TestSupport
import Testing

@testable import PagedCache

@Suite struct BlockAllocatorTests {
    @Test("random operations agree with a plain model of who holds what", arguments: UInt64(1)...30)
    func randomOperations(_ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let count = Int.random(in: 1...40, using: &generator)
        var allocator = BlockAllocator(count: count)
        var holders: [BlockID: Int] = [:]
        var wanted: Set<BlockID> = []
        // In the order in which they lost their last holder.
        var kept: [BlockID] = []
        for step in 0..<400 {
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                let expected = allocator.freeCount == 0 ? kept.first : nil
                if let block = allocator.allocate() {
                    #expect(holders[block] == nil, "seed \(seed), step \(step): \(block) was handed out twice")
                    #expect(
                        expected.map { $0 == block } ?? !kept.contains(block),
                        "seed \(seed), step \(step): neither a free block nor the one kept longest")
                    holders[block] = 1
                    wanted.remove(block)
                    kept.removeAll { $0 == block }
                } else {
                    #expect(holders.count == count, "seed \(seed), step \(step): refused although a block is free")
                }
            case 1:
                guard let block = holders.keys.min(by: { $0.rawValue < $1.rawValue }) else { continue }
                allocator.retain(block)
                holders[block]! += 1
            case 2:
                guard let block = holders.keys.max(by: { $0.rawValue < $1.rawValue }) else { continue }
                allocator.keep(block)
                wanted.insert(block)
            case 3:
                guard let block = kept.randomElement(using: &generator) else { continue }
                allocator.retain(block)
                kept.removeAll { $0 == block }
                holders[block] = 1
            default:
                guard
                    let block = holders.keys.sorted(by: { $0.rawValue < $1.rawValue }).randomElement(using: &generator)
                else { continue }
                allocator.release(block)
                holders[block]! -= 1
                guard holders[block] == 0 else { break }
                holders[block] = nil
                if wanted.contains(block) { kept.append(block) }
            }
            #expect(allocator.usedCount == holders.count && allocator.availableCount == count - holders.count)
            #expect(allocator.keptBlocks == kept.map(\.rawValue), "seed \(seed), step \(step)")
            #expect(holders.allSatisfy { allocator.referenceCount($0.key) == $0.value })
            #expect(holders.allSatisfy { allocator.isShared($0.key) == ($0.value > 1) })
        }
        #expect(allocator.invariantsHold, "seed \(seed)")
    }

    @Test("an allocator of no blocks refuses")
    func empty() {
        var allocator = BlockAllocator(count: 0)
        #expect(allocator.allocate() == nil)
        #expect(allocator.invariantsHold)
    }

    @Test("blocks come in the order that was given")
    func order() {
        var allocator = BlockAllocator(freeOrder: [2, 0, 1])
        #expect((0..<3).map { _ in allocator.allocate()?.rawValue } == [1, 0, 2])
    }
}
