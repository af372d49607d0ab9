import CKernels
import Foundation
import TestSupport

/// The keys and values of one head in pages, and queries that look at them.
final class PagedHead {
    let headDim: Int
    let keys: [[Float]]
    let values: [[Float]]
    let queries: [[Float]]
    let slope: Float
    var scale: Float { 1 / Float(headDim).squareRoot() }

    private let groupsPerBlock: Int
    private let blockFloats: Int
    private let table: Memory<Int32>
    private let pages: Memory<Float>
    private var valueStride: Int { (headDim + 15) / 16 * 16 }

    /// `tokens` random tokens; their pages are laid out by `layout`, which changes no content.
    /// Whatever is not stored is NaN.
    init(headDim: Int, tokens: Int, slope: Float = 0.05, seed: UInt64, groupsPerBlock: Int = 1, layout: UInt64 = 0) {
        var random = SplitMix64(seed: seed)
        func matrix() -> [[Float]] { (0..<tokens).map { _ in (0..<headDim).map { _ in random.normal() } } }
        (keys, values, queries) = (matrix(), matrix(), matrix())
        (self.headDim, self.slope, self.groupsPerBlock) = (headDim, slope, groupsPerBlock)

        var shuffle = SplitMix64(seed: layout)
        let blocks = (tokens + 16 * groupsPerBlock - 1) / (16 * groupsPerBlock)
        blockFloats = groupsPerBlock * 16 * (headDim + (headDim + 15) / 16 * 16)
        table = Memory((0..<Int32(blocks + 3)).shuffled(using: &shuffle), fallback: 0)
        pages = Memory(blockFloats * (blocks + 3), repeating: .nan)
        for token in 0..<tokens { store(token, key: keys[token], value: values[token]) }
    }

    func store(_ token: Int, key: [Float], value: [Float]) {
        let group = token / 16 % groupsPerBlock
        let block = pages.start + Int(table.start[token / 16 / groupsPerBlock]) * blockFloats
        pk_store_key_value(
            key, value, Int64(headDim), Int64(valueStride), Int64(token % 16), block + group * headDim * 16,
            block + groupsPerBlock * 16 * headDim + group * 16 * valueStride)
    }

    /// Results of the queries at these positions, one call, `headDim` floats each.
    func attend(_ kernels: pk_kernels, _ positions: Range<Int>) -> [Float] {
        let q = Memory(queries[positions].flatMap { $0 + [.nan] })
        let out = Memory<Float>(positions.count * (headDim + 2), repeating: .nan)
        let scratch = Memory<Float>(Int(pk_attention_scratch(Int64(headDim))), repeating: .nan)
        var call = pk_attention_call()
        call.pages.keys = UnsafePointer(pages.start)
        call.pages.values = UnsafePointer(pages.start + groupsPerBlock * 16 * headDim)
        call.pages.block_stride = Int64(blockFloats)
        call.pages.block_table = UnsafePointer(table.start)
        (call.pages.groups_per_block, call.pages.head_dim) = (Int32(groupsPerBlock), Int32(headDim))
        (call.q, call.q_stride) = (UnsafePointer(q.start), Int64(headDim + 1))
        (call.rows, call.first_position) = (Int64(positions.count), Int64(positions.lowerBound))
        (call.scale, call.slope, call.scratch) = (scale, slope, scratch.start)
        (call.out, call.out_stride) = (out.start, Int64(headDim + 2))
        return withExtendedLifetime((q, scratch)) {
            kernels.attention(&call)
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
