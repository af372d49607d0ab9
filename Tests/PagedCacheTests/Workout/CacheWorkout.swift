import Basics
import Kernels
import TestSupport

@testable import PagedCache

/// Random operations on a real cache and on the model beside it, which must agree in every block after each of them.
///
/// Keys stand for numbers of texts here: what lies in the arena at a token's place says which text it is the end of, so a
/// block that holds another sequence's tokens shows itself, whoever mixed them up.
struct CacheWorkout {
    /// What does not agree, and after which operation of which seed.
    struct Mismatch: Error, CustomStringConvertible {
        var description: String
    }

    enum Operation: CaseIterable {
        /// A new sequence looks blocks up, takes them over and reserves the rest, as at admission.
        case admit
        /// Tokens are computed: a prompt's, or one that was drawn.
        case compute
        case publish
        /// A further sample, or a beam.
        case fork
        /// A text ends; what it has filled is indexed first.
        case finish
        /// A text is given up or loses its blocks, whatever of it is indexed.
        case release
        // Swapping out and back in belongs here: an operation each, and what `CacheModel` expects of it.
    }

    private struct Sequence {
        var text = NumberedText()
        var table = BlockTable()
        var expected = CacheModel.Table()
    }

    static let blockTokens = 16
    private static let mostSequences = 8

    private let seed: UInt64
    private var generator: SplitMix64
    private let cache: PagedCache
    private let arena: UnsafeMutablePointer<UInt32>
    private let blockStride: Int
    private var model: CacheModel
    private var sequences: [Sequence] = []
    private var numbers = TextNumbers()
    /// Texts whose beginnings new ones share.
    private var library: [[TokenID]] = [[]]

    init(seed: UInt64, crew: WorkerLanes) throws {
        self.seed = seed
        generator = SplitMix64(seed: seed)
        let layout = KeyValueLayout(
            layers: 1, heads: 1, headDim: 1, blockTokens: Self.blockTokens, format: .f32, crew: crew)
        var order = Array(0..<Int32.random(in: 1...24, using: &generator))
        order.shuffle(using: &generator)
        // Hashes of 64 bits, of two, and of none: only the time may tell.
        let mask: UInt64 = [.max, 3, 0].randomElement(using: &generator)!
        let hash = PrefixHash(seed: seed) { parent, tokens in
            tokens.reduce(parent) { ($0 ^ UInt64($1.index)) &* 0x9E37_79B9_7F4A_7C15 } >> 20 & mask
        }
        cache = try PagedCache(
            layout: layout, allocator: BlockAllocator(freeOrder: order), crew: crew, prefixHash: hash)
        model = CacheModel(freeOrder: order, blockTokens: Self.blockTokens)
        // One head is one node's. A block begins with its keys, 16 to a group, so with a place for each token.
        let node = layout.headsByNode.firstIndex { !$0.isEmpty }!
        arena = cache.arenas[node].base.assumingMemoryBound(to: UInt32.self)
        blockStride = layout.bytesPerBlock(onNode: node) / 4
    }

    mutating func run(operations: Int) throws {
        for number in 0..<operations {
            let operation = Operation.allCases.randomElement(using: &generator)!
            do {
                try perform(operation)
                try compare()
            } catch let mismatch as Mismatch {
                throw Mismatch(description: "seed \(seed), operation \(number) (\(operation)): \(mismatch)")
            }
        }
    }

    private mutating func perform(_ operation: Operation) throws {
        guard operation != .admit else { return try admit() }
        guard let index = sequences.indices.randomElement(using: &generator) else { return }
        switch operation {
        case .admit: break
        case .compute: try compute(index)
        case .publish: publish(index)
        case .fork: fork(index)
        case .finish:
            publish(index)
            release(index)
        case .release: release(index)
        }
    }

    // MARK: Operations

    private mutating func admit() throws {
        guard sequences.count < Self.mostSequences else { return }
        var sequence = Sequence()
        let base = library.randomElement(using: &generator)!
        let shared = Int.random(in: 0...base.count, using: &generator)
        let own = Int.random(in: shared > 0 ? 0...20 : 1...40, using: &generator)
        numbers.extend(&sequence.text, by: base.prefix(shared) + words(own))
        let (known, before) = (model.known(sequence.text.numbers), cache.freeBlocks)
        let expected = model.admit(sequence.text.numbers, into: &sequence.expected)

        var chain = PrefixChain.root
        cache.follow(&chain, along: sequence.text.tokens)
        try require(
            chain.tokenCount == known * Self.blockTokens, "\(chain.tokenCount) tokens were found of \(known) blocks")
        let needed = cache.blocksToReserve(sequence.text.tokens.count, adopting: chain)
        try require((needed <= before) == expected, "\(needed) blocks are needed, of \(before)")
        guard expected else { return }
        cache.adopt(chain, of: sequence.text.tokens.count, for: &sequence.table)
        model.noteAdmitted(sequence.text.tokens.count, known: known)
        try require(cache.reserve(sequence.text.tokens.count, for: &sequence.table), "the reservation was refused")
        try require(
            cache.freeBlocks == before - needed, "\(before - cache.freeBlocks) blocks were taken, not \(needed)")
        sequences.append(sequence)
        remember(sequence.text.tokens)
    }

    private mutating func compute(_ index: Int) throws {
        let stored = sequences[index].table.tokenCount
        if stored == sequences[index].text.tokens.count {
            let more = words(Int.random(in: 1...3, using: &generator))
            numbers.extend(&sequences[index].text, by: more)
        }
        let target = stored + Int.random(in: 1...sequences[index].text.tokens.count - stored, using: &generator)
        let expected = model.reserve(target, for: &sequences[index].expected)
        try require(cache.reserve(target, for: &sequences[index].table) == expected, "a reservation is not as expected")
        guard expected else { return }
        for position in stored..<target {
            let block = sequences[index].table.blocks[position / Self.blockTokens]
            let place = position % Self.blockTokens
            try require(model.mayWrite(block.rawValue), "\(block) has another reader or writer")
            arena[block.index * blockStride + place] = sequences[index].text.numbers[position]
            model.write(sequences[index].text.numbers[position], at: place, of: block.rawValue)
        }
        cache.advance(&sequences[index].table, by: target - stored)
        sequences[index].expected.tokenCount = target
    }

    private mutating func publish(_ index: Int) {
        cache.publish(sequences[index].text.tokens, of: &sequences[index].table)
        model.publish(sequences[index].text.numbers, of: &sequences[index].expected)
    }

    private mutating func fork(_ index: Int) {
        guard sequences.count < Self.mostSequences else { return }
        var copy = sequences[index]
        copy.table = cache.fork(sequences[index].table)
        copy.expected = model.fork(sequences[index].expected)
        // From here on the two go on as they like.
        copy.text.tokens.removeSubrange(max(1, copy.table.tokenCount)...)
        copy.text.numbers.removeSubrange(copy.text.tokens.count...)
        sequences.append(copy)
    }

    private mutating func release(_ index: Int) {
        var sequence = sequences.remove(at: index)
        remember(sequence.text.tokens)
        cache.release(&sequence.table)
        model.release(&sequence.expected)
    }

    // MARK: Texts

    /// Of so few different tokens that texts often go the same way for a while.
    private mutating func words(_ count: Int) -> [TokenID] {
        let kinds = [1, 1, 1, 2].randomElement(using: &generator)!
        return (0..<count).map { _ in TokenID(Int.random(in: 0..<kinds, using: &generator)) }
    }

    private mutating func remember(_ tokens: [TokenID]) {
        library.append(Array(tokens.prefix(100)))
        if library.count > 12 { library.remove(at: Int.random(in: 1..<library.count, using: &generator)) }
    }

    // MARK: Comparing

    /// Every table, every count, both lists of blocks, and every token's place in the arena.
    private func compare() throws {
        let allocator = cache.allocator
        var holders = Array(repeating: 0, count: cache.blockCount)
        for sequence in sequences {
            let (table, expected) = (sequence.table, sequence.expected)
            try require(table.blocks.map(\.rawValue) == expected.blocks, "\(table.blocks) for \(expected.blocks)")
            try require(
                table.tokenCount == expected.tokenCount, "\(table.tokenCount) tokens for \(expected.tokenCount)")
            try require(table.indexed.tokenCount == expected.indexedBlocks * Self.blockTokens, "indexed otherwise")
            for block in table.blocks { holders[block.index] += 1 }
            for position in 0..<table.tokenCount {
                let block = table.blocks[position / Self.blockTokens].index
                let (found, own) = (
                    arena[block * blockStride + position % Self.blockTokens], sequence.text.numbers[position]
                )
                try require(found == own, "token \(position) is not the sequence's own")
                try require(model.content[block][position % Self.blockTokens] == own, "the model is wrong")
            }
        }
        try require(holders == model.holders, "blocks are lost or freed too early")
        for (block, count) in holders.enumerated() {
            let id = BlockID(rawValue: Int32(block))
            try require(allocator.referenceCount(id) == count, "\(id): \(allocator.referenceCount(id)) for \(count)")
            try require(allocator.isWanted(id) == (model.textOfBlock[id.rawValue] != nil), "\(id) is indexed otherwise")
        }
        try require(allocator.freeBlocks == model.free, "free: \(allocator.freeBlocks) for \(model.free)")
        try require(allocator.keptBlocks == model.kept, "kept: \(allocator.keptBlocks) for \(model.kept)")
        try require(cache.prefixes == model.statistics, "\(cache.prefixes) for \(model.statistics)")
        try require(cache.invariantsHold, "the books do not balance")
    }

    private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Mismatch(description: what()) }
    }
}
