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
        /// What is pending is computed, and guessed tokens behind it, of which the first few come true.
        case guess
        case publish
        /// A further sample, or a beam, maybe of full blocks only.
        case fork
        /// A text ends; what it has filled is indexed first.
        case finish
        /// A text is given up or loses its blocks, whatever of it is indexed.
        case release
        /// A text loses its blocks, but not what they hold.
        case swapOut
        case swapIn
        /// A text is given up while it is swapped out.
        case forget
        /// Somebody wants what is there of a text to stay.
        case pin
        case unpin
    }

    struct Sequence {
        var text = NumberedText()
        var table = BlockTable()
        var expected = CacheModel.Table()
    }

    struct Absent {
        let text: NumberedText
        let table: SwappedTable
        let expected: CacheModel.Swapped
    }

    private struct Pinned {
        let pin: PrefixPin
        let expected: CacheModel.Pin
    }

    static let blockTokens = 16
    private static let mostSequences = 8

    private let seed: UInt64
    var generator: SplitMix64
    let cache: PagedCache
    let space: SwapSpace
    let memory: WorkoutMemory
    var model: CacheModel
    var sequences: [Sequence] = []
    /// Swapped out.
    var absent: [Absent] = []
    private var pinned: [Pinned] = []
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
        let slots = Int.random(in: 0...24, using: &generator)
        // Hashes of 64 bits, of two, and of none: only the time may tell.
        let mask: UInt64 = [.max, 3, 0].randomElement(using: &generator)!
        let hash = PrefixHash(seed: seed) { parent, tokens in
            tokens.reduce(parent) { ($0 ^ UInt64($1.index)) &* 0x9E37_79B9_7F4A_7C15 } >> 20 & mask
        }
        cache = try PagedCache(
            layout: layout, allocator: BlockAllocator(freeOrder: order), crew: crew, prefixHash: hash)
        space = try SwapSpace(layout: layout, bytes: slots * layout.bytesPerBlock, crew: crew)
        model = CacheModel(freeOrder: order, slots: slots, blockTokens: Self.blockTokens)
        memory = WorkoutMemory(cache: cache, space: space)
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
        switch operation {
        case .admit: return try admit()
        case .swapIn: return try swapIn()
        case .forget: return forget()
        case .pin: return try pin()
        case .unpin: return unpin()
        default: break
        }
        guard let index = sequences.indices.randomElement(using: &generator) else { return }
        switch operation {
        case .compute: try compute(index)
        case .guess: try guess(index)
        case .publish: publish(index)
        case .fork: fork(index)
        case .finish:
            publish(index)
            release(index)
        case .release: release(index)
        case .swapOut: try swapOut(index)
        case .admit, .swapIn, .forget, .pin, .unpin: break
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
        guard try reserve(target, index) else { return }
        for position in stored..<target { try write(sequences[index].text.numbers[position], at: position, index) }
        advance(index, to: target)
    }

    private mutating func guess(_ index: Int) throws {
        let (stored, known) = (sequences[index].table.tokenCount, sequences[index].text.tokens.count)
        let guesses = Int.random(in: 1...20, using: &generator)
        guard try reserve(known + guesses, index) else { return }
        let accepted = words(Int.random(in: 0...guesses, using: &generator))
        numbers.extend(&sequences[index].text, by: accepted)
        for position in stored..<known + guesses {
            let numbers = sequences[index].text.numbers
            try write(position < numbers.count ? numbers[position] : .max, at: position, index)
        }
        advance(index, to: known + accepted.count)
    }

    private mutating func publish(_ index: Int) {
        cache.publish(sequences[index].text.tokens, of: &sequences[index].table)
        model.publish(sequences[index].text.numbers, of: &sequences[index].expected)
    }

    private mutating func fork(_ index: Int) {
        guard sequences.count < Self.mostSequences else { return }
        var copy = sequences[index]
        if Bool.random(using: &generator) {
            copy.table = cache.fork(sequences[index].table)
            copy.expected = model.fork(sequences[index].expected)
        } else {
            let tokens = Int.random(in: 0...copy.text.tokens.count, using: &generator)
            copy.table = cache.fork(sequences[index].table, wholeBlocksWithin: tokens)
            copy.expected = model.fork(sequences[index].expected, wholeBlocksWithin: tokens)
        }
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

    private mutating func pin() throws {
        guard pinned.count < Self.mostSequences else { return }
        var text = NumberedText()
        numbers.extend(
            &text,
            by: sequences.randomElement(using: &generator)?.text.tokens ?? library.randomElement(using: &generator)!)
        let pin = cache.pin(text.tokens)
        let expected = model.pin(text.numbers)
        try require(
            pin.blocks.map(\.block.rawValue) == expected.blocks.map(\.block), "\(pin.blocks) for \(expected.blocks)")
        pinned.append(Pinned(pin: pin, expected: expected))
    }

    private mutating func unpin() {
        guard let index = pinned.indices.randomElement(using: &generator) else { return }
        let last = pinned.remove(at: index)
        cache.unpin(last.pin)
        model.unpin(last.expected)
    }

    // MARK: Tokens

    /// Whether there is room for `tokens` in all.
    private mutating func reserve(_ tokens: Int, _ index: Int) throws -> Bool {
        let expected = model.reserve(tokens, for: &sequences[index].expected)
        try require(cache.reserve(tokens, for: &sequences[index].table) == expected, "a reservation is not as expected")
        return expected
    }

    private mutating func write(_ number: UInt32, at position: Int, _ index: Int) throws {
        let block = sequences[index].table.blocks[position / Self.blockTokens]
        try require(model.mayWrite(block.rawValue), "\(block) has another reader or writer")
        memory.write(number, at: position % Self.blockTokens, of: block)
        model.write(number, at: position % Self.blockTokens, of: block.rawValue)
    }

    private mutating func advance(_ index: Int, to tokens: Int) {
        cache.advance(&sequences[index].table, by: tokens - sequences[index].table.tokenCount)
        sequences[index].expected.tokenCount = tokens
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

    func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Mismatch(description: what()) }
    }
}
