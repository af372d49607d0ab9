import CKernels
import Foundation
import TestSupport

@testable import Kernels

/// The keys and values of one head in pages, and queries that look at them.
final class PagedHead {
    let headDim: Int
    let format: KeyValueFormat
    /// As they are read: rounded to the format.
    let keys: [[Float]]
    let values: [[Float]]
    let queries: [[Float]]
    let slope: Float
    var scale: Float { 1 / Float(headDim).squareRoot() }

    private let store: KeyValueStore
    private let table: Memory<Int32>
    private let pages: Memory<Float>

    /// `tokens` random tokens; their pages are laid out by `layout`, which changes no content.
    /// Whatever is not stored is NaN.
    init(
        headDim: Int, tokens: Int, format: KeyValueFormat = .f32, slope: Float = 0.05, seed: UInt64,
        groupsPerBlock: Int = 1, layout: UInt64 = 0
    ) {
        var random = SplitMix64(seed: seed)
        func matrix() -> [[Float]] { (0..<tokens).map { _ in (0..<headDim).map { _ in random.normal() } } }
        func held(_ rows: [[Float]]) -> [[Float]] {
            switch format {
            case .f32: rows
            case .bf16: rows.map { $0.map { ScalarArithmetic.float(bf16: ScalarArithmetic.bf16($0)) } }
            case .int8: rows.map(Self.rounded)
            }
        }
        let (exactKeys, exactValues) = (matrix(), matrix())
        (keys, values, queries) = (held(exactKeys), held(exactValues), matrix())
        (self.headDim, self.format, self.slope) = (headDim, format, slope)

        var shuffle = SplitMix64(seed: layout)
        let blocks = (tokens + 16 * groupsPerBlock - 1) / (16 * groupsPerBlock)
        let layout = KeyValueLayout(
            layers: 1, heads: 1, headDim: headDim, blockTokens: 16 * groupsPerBlock, format: format,
            headsByNode: [0..<1])
        table = Memory((0..<Int32(blocks + 3)).shuffled(using: &shuffle), fallback: 0)
        pages = Memory(layout.bytesPerBlock / 4 * (blocks + 3), repeating: .nan)
        store = KeyValueStore(layout: layout, bases: [UnsafeMutableRawPointer(pages.start)])
        // In pieces of any length and cut: how it was written is not to be seen.
        var token = 0
        while token < tokens {
            let rows = min(Int.random(in: 1...40, using: &shuffle), tokens - token)
            let cut = format.needsWholeHeads ? 0 : Int.random(in: 0...headDim, using: &shuffle)
            for dims in [0..<cut, cut..<headDim] where !dims.isEmpty {
                store(exactKeys[token..<token + rows], .key, dims: dims, at: token)
                store(exactValues[token..<token + rows], .value, dims: dims, at: token)
            }
            token += rows
        }
    }

    /// To whole multiples of 1/127 of the greatest magnitude, ties to even.
    private static func rounded(_ row: [Float]) -> [Float] {
        let greatest = row.map(\.magnitude).max() ?? 0
        guard greatest > 0, greatest.isFinite else { return row }
        return row.map { ($0 * (127 / greatest)).rounded(.toNearestOrEven) * (greatest / 127) }
    }

    private func store(_ rows: ArraySlice<[Float]>, _ part: KeyValuePart, dims: Range<Int>, at token: Int) {
        if format.needsWholeHeads {
            let from = Memory(rows.flatMap { $0 + [.nan, .nan] })
            return store.onNode(0).storeWhole(
                layer: 0, head: 0, part: part, blockTable: table.start, firstPosition: token, rows: rows.count,
                from: from.start, stride: headDim + 2, kernels: bestKernels)
        }
        let from = Memory(rows.flatMap { $0[dims] + [.nan, .nan] })
        store.onNode(0).store(
            layer: 0, head: 0, part: part, dims: dims, blockTable: table.start, firstPosition: token,
            rows: rows.count, from: from.start, stride: dims.count + 2, kernels: bestKernels)
    }

    /// Overwrite a token.
    func store(_ token: Int, key: [Float], value: [Float]) {
        store([key], .key, dims: 0..<headDim, at: token)
        store([value], .value, dims: 0..<headDim, at: token)
    }

    /// Fill the keys and values of these tokens with NaN where they lie, unknown to whoever keeps count of what is stored.
    func spoil(_ tokens: Range<Int>, groupsPerBlock: Int) {
        let layout = store.layout
        let keys = format.keyGroupBytes(headDim: headDim)
        let values = format.valueGroupBytes(headDim: headDim)
        precondition(tokens.lowerBound % 16 == 0 && tokens.upperBound % 16 == 0, "whole groups are spoilt")
        for group in tokens.lowerBound / 16..<tokens.upperBound / 16 {
            let block =
                UnsafeMutableRawPointer(pages.start)
                + Int(table.start[group / groupsPerBlock]) * layout.bytesPerBlock
            let inside = group % groupsPerBlock
            memset(block + inside * keys, 0xFF, keys)
            memset(block + groupsPerBlock * keys + inside * values, 0xFF, values)
        }
    }

    /// Results of the queries at these positions, one call, `headDim` floats each.
    func attend(_ kernels: pk_kernels, _ positions: Range<Int>) -> [Float] {
        let q = Memory(queries[positions].flatMap { $0 + [.nan] })
        let out = Memory<Float>(positions.count * (headDim + 2), repeating: .nan)
        let scratch = Memory<Float>(KeyValueStore.attentionScratchFloats(headDim: headDim), repeating: .nan)
        let asked = positions.enumerated().map { pk_query(row: Int32($0), position: Int32($1), table: 0) }
        let group = [pk_query_group(first: 0, count: Int32(positions.count), shared_tiles: 0)]
        withUnsafePointer(to: kernels) { kernels in
            group.withUnsafeBufferPointer { group in
                store.onNode(0).attend(
                    layer: 0, head: 0, queries: asked, groups: group, blockTables: table.start, q: q.start,
                    qStride: headDim + 1, slope: slope, scale: scale, out: out.start, outStride: headDim + 2,
                    scratch: scratch.start, kernels: KernelSet(table: kernels))
            }
        }
        return withExtendedLifetime((q, scratch)) {
            let all = out.values
            return positions.indices.flatMap { position -> ArraySlice<Float> in
                let at = (position - positions.lowerBound) * (headDim + 2)
                return all[at..<(at + headDim)]
            }
        }
    }

    /// Softmax attention of the query at `position` in double.
    func reference(_ position: Int) -> [Double] {
        let scores = (0...position).map { j -> Double in
            let dot = zip(queries[position], keys[j]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let bias = slope * Float(j)
            return dot * Double(scale) + Double(bias)
        }
        let greatest = scores.max() ?? 0
        let weights = scores.map { exp($0 - greatest) }
        let sum = weights.reduce(0, +)
        var out = [Double](repeating: 0, count: headDim)
        for (weight, value) in zip(weights, values) {
            for d in out.indices { out[d] += weight * Double(value[d]) / sum }
        }
        return out
    }
}
