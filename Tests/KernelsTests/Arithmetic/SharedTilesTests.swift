import CKernels
import TestSupport
import Testing

@testable import Kernels

/// Sequences that begin in the same blocks, each with a query behind them.
private final class SharedPrefix {
    let headDim: Int
    let positions: [Int]
    private let store: KeyValueStore
    private let tables: Memory<Int32>
    private let tableLength: Int
    private let slope: Float
    private let pages: Memory<Float>
    private let q: Memory<Float>

    /// - Parameters:
    ///   - tiles: softmax tiles that lie in shared blocks, of `groupsPerBlock` groups of 16 tokens.
    ///   - own: tokens of each sequence behind them.
    init(headDim: Int, tiles: Int, own: [Int], format: KeyValueFormat, slope: Float, groupsPerBlock: Int, seed: UInt64)
    {
        var random = SplitMix64(seed: seed)
        self.headDim = headDim
        self.slope = slope
        let blockTokens = 16 * groupsPerBlock
        let shared = (tiles * 256 + blockTokens - 1) / blockTokens
        let tokens = own.map { shared * blockTokens + $0 }
        positions = tokens.map { $0 - 1 }
        let length = (tokens.max()! + blockTokens - 1) / blockTokens
        tableLength = length
        let layout = KeyValueLayout(
            layers: 1, heads: 1, headDim: headDim, blockTokens: blockTokens, format: format, headsByNode: [0..<1])
        let blocks = shared + own.count * (length - shared)
        pages = Memory(layout.bytesPerBlock / 4 * blocks, repeating: .nan)
        store = KeyValueStore(layout: layout, bases: [UnsafeMutableRawPointer(pages.start)])
        let order = (0..<Int32(blocks)).shuffled(using: &random)
        tables = Memory(own.count * length, repeating: 0)
        for sequence in own.indices {
            for block in 0..<length {
                let physical = block < shared ? block : block + sequence * (length - shared)
                tables.start[sequence * length + block] = order[physical]
            }
        }
        q = Memory((0..<own.count * headDim).map { _ in random.normal() })
        for (sequence, count) in tokens.enumerated() {
            let first = sequence == 0 ? 0 : shared * blockTokens
            for part in [KeyValuePart.key, .value] {
                let from = Memory((0..<(count - first) * headDim).map { _ in random.normal() })
                store.onNode(0).storeWhole(
                    layer: 0, head: 0, part: part, blockTable: tables.start + sequence * length,
                    firstPosition: first, rows: count - first, from: from.start, stride: headDim,
                    kernels: bestKernels)
            }
        }
    }

    /// Results of all queries, `headDim` floats each.
    func attend(_ kernels: pk_kernels, _ groups: [pk_query_group]) -> [Float] {
        let out = Memory<Float>(positions.count * headDim, repeating: .nan)
        let scratch = Memory<Float>(KeyValueStore.attentionScratchFloats(headDim: headDim), repeating: .nan)
        let queries = positions.enumerated().map {
            pk_query(row: Int32($0), position: Int32($1), table: Int32($0 * tableLength))
        }
        withUnsafePointer(to: kernels) { kernels in
            groups.withUnsafeBufferPointer { groups in
                store.onNode(0).attend(
                    layer: 0, head: 0, queries: queries, groups: groups, blockTables: tables.start, q: q.start,
                    qStride: headDim, slope: slope, scale: 0.2, out: out.start, outStride: headDim,
                    scratch: scratch.start, kernels: KernelSet(table: kernels))
            }
        }
        return withExtendedLifetime(scratch) { out.values }
    }
}

@Suite struct SharedTilesTests {
    @Test("queries that pass over shared tiles together have the bits that each has alone", arguments: UInt64(1)...12)
    func together(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let count = Int.random(in: 2...30, using: &random)
        let tiles = Int.random(in: 1...3, using: &random)
        let sequences = SharedPrefix(
            headDim: [5, 16, 24, 64].randomElement(using: &random)!, tiles: tiles,
            own: (0..<count).map { _ in Int.random(in: 1...280, using: &random) },
            format: KeyValueFormat.allCases.randomElement(using: &random)!,
            slope: [0.01, 0.3, 2].randomElement(using: &random)!,
            groupsPerBlock: [1, 2, 3, 16].randomElement(using: &random)!, seed: random.next())
        let alone = (0..<Int32(count)).map { pk_query_group(first: $0, count: 1, shared_tiles: 0) }
        let cut = Int32.random(in: 1..<Int32(count), using: &random)
        for (name, kernels) in instructionSets where name != "portable" || seed < 3 {
            let expected = sequences.attend(kernels, alone)
            #expect(expected.allSatisfy { $0.isFinite })
            for shared in 1...Int32(tiles) {
                let whole = [pk_query_group(first: 0, count: Int32(count), shared_tiles: shared)]
                let halves = [
                    pk_query_group(first: 0, count: cut, shared_tiles: shared),
                    pk_query_group(first: cut, count: Int32(count) - cut, shared_tiles: Int32(tiles)),
                ]
                for groups in [whole, halves] {
                    #expect(
                        sequences.attend(kernels, groups).bits == expected.bits,
                        "\(name), \(count) queries, seed \(seed)")
                }
            }
        }
    }
}
