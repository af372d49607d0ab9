import Basics
import HeapModule

/// Byte-pair encoding of one word: its bytes become tokens, then the adjacent pair of lowest rank (the leftmost of
/// equals) merges until no pair does.
struct BytePairEncoder: Sendable {
    /// What to write for a byte that has no token of its own.
    struct Unknown: Sendable, Equatable {
        var token: Int32
        /// Whether a run of such bytes becomes one token.
        var fuses: Bool
    }

    let merges: MergeTable
    private let unknown: Unknown?
    /// Where a word that is itself a token is taken whole, without looking at the merges; nil if the merges decide.
    private let wholeWords: Vocabulary?
    /// The token of each byte, or −1.
    private let byteTokens: [Int32]

    /// Buffers that a caller keeps from word to word, so that a word allocates nothing.
    struct Scratch {
        fileprivate var symbols: [Int32] = []
        fileprivate var merges: [MergeTable.Merge] = []
        fileprivate var next: [Int32] = []
        fileprivate var previous: [Int32] = []
    }

    /// Up to this many bytes, searching the list for its lowest rank is faster than keeping a heap.
    private static let longestScannedWord = 48

    init(vocabulary: Vocabulary, merges: MergeTable, unknown: Unknown?, ignoresMerges: Bool) {
        self.merges = merges
        self.unknown = unknown
        wholeWords = ignoresMerges ? vocabulary : nil
        byteTokens = (0..<256).map { byte in vocabulary.find([UInt8(byte)]).map(Int32.init) ?? -1 }
    }

    func encode(_ text: [UInt8], _ word: Range<Int>, into ids: inout [TokenID], _ scratch: inout Scratch) {
        if let id = wholeWords?.find(text[word]) {
            ids.append(TokenID(id))
            return
        }
        readSymbols(text, word, &scratch.symbols)
        if scratch.symbols.count <= Self.longestScannedWord {
            mergeByScanning(&scratch)
        } else {
            mergeByHeap(&scratch)
        }
        for symbol in scratch.symbols { ids.append(TokenID(rawValue: symbol)) }
    }

    private func readSymbols(_ text: [UInt8], _ word: Range<Int>, _ symbols: inout [Int32]) {
        symbols.removeAll(keepingCapacity: true)
        var previousIsUnknown = false
        for index in word {
            let token = byteTokens[Int(text[index])]
            if token >= 0 {
                symbols.append(token)
            } else if let unknown, !(unknown.fuses && previousIsUnknown) {
                symbols.append(unknown.token)
            }
            previousIsUnknown = token < 0
        }
    }

    /// Quadratic in the word's length, but without a heap's constant.
    private func mergeByScanning(_ scratch: inout Scratch) {
        // scratch.merges[i] is what symbols i and i + 1 would merge to.
        scratch.merges.removeAll(keepingCapacity: true)
        for index in scratch.symbols.indices.dropLast() {
            scratch.merges.append(merges.find(scratch.symbols[index], scratch.symbols[index + 1]))
        }
        while true {
            var best = MergeTable.none
            var place = 0
            for (index, merge) in scratch.merges.enumerated() where merge < best {
                best = merge
                place = index
            }
            if best == MergeTable.none { return }
            scratch.symbols[place] = MergeTable.token(of: best)
            scratch.symbols.remove(at: place + 1)
            scratch.merges.remove(at: place)
            if place > 0 {
                scratch.merges[place - 1] = merges.find(scratch.symbols[place - 1], scratch.symbols[place])
            }
            if place + 1 < scratch.symbols.count {
                scratch.merges[place] = merges.find(scratch.symbols[place], scratch.symbols[place + 1])
            }
        }
    }

    /// n · log n in the word's length: a heap of candidates (rank, then place) over a doubly linked list of symbols.
    /// A candidate whose symbols have changed meanwhile is known by its rank and dropped.
    private func mergeByHeap(_ scratch: inout Scratch) {
        let count = scratch.symbols.count
        scratch.next.removeAll(keepingCapacity: true)
        scratch.previous.removeAll(keepingCapacity: true)
        scratch.next.append(contentsOf: (1...Int32(count)))
        scratch.previous.append(contentsOf: (-1..<Int32(count - 1)))
        scratch.next[count - 1] = -1

        var candidates: [UInt64] = []
        for index in 0..<count - 1 {
            let merge = merges.find(scratch.symbols[index], scratch.symbols[index + 1])
            if merge != MergeTable.none { candidates.append(Self.candidate(merge, at: index)) }
        }
        var heap = Heap(candidates)
        while let candidate = heap.popMin() {
            let place = Int(candidate & 0xFFFF_FFFF)
            // A symbol that went into its left neighbour is −1, which no merge has.
            guard scratch.symbols[place] >= 0, scratch.next[place] >= 0 else { continue }
            let right = Int(scratch.next[place])
            let merge = merges.find(scratch.symbols[place], scratch.symbols[right])
            guard merge != MergeTable.none, Self.candidate(merge, at: place) == candidate else { continue }

            scratch.symbols[place] = MergeTable.token(of: merge)
            scratch.symbols[right] = -1
            let after = scratch.next[right]
            scratch.next[place] = after
            if after >= 0 {
                scratch.previous[Int(after)] = Int32(place)
                let merge = merges.find(scratch.symbols[place], scratch.symbols[Int(after)])
                if merge != MergeTable.none { heap.insert(Self.candidate(merge, at: place)) }
            }
            let before = scratch.previous[place]
            if before >= 0 {
                let merge = merges.find(scratch.symbols[Int(before)], scratch.symbols[place])
                if merge != MergeTable.none { heap.insert(Self.candidate(merge, at: Int(before))) }
            }
        }
        scratch.symbols.removeAll { $0 < 0 }
    }

    private static func candidate(_ merge: MergeTable.Merge, at place: Int) -> UInt64 {
        MergeTable.rank(of: merge) << 32 | UInt64(place)
    }
}
