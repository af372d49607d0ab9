import CKernels
import Kernels
import Testing

@Suite struct AttentionTests {
    static let headDims = [1, 3, 16, 17, 24, 64, 80, 128]

    @Test(
        "all instruction sets yield the same bits, near to a softmax in double", arguments: headDims,
        KeyValueFormat.allCases)
    func nearTheReference(_ headDim: Int, _ format: KeyValueFormat) {
        let tokens = 280
        let head = PagedHead(
            headDim: headDim, tokens: tokens, format: format, seed: UInt64(headDim), groupsPerBlock: 2, layout: 5)
        #expect(disagreement { head.attend($0, 240..<tokens) } == nil)
        #expect(disagreement { head.attend($0, 0..<19) } == nil)
        guard let kernels = instructionSets.first?.kernels else { return }
        for position in [0, 1, 15, 16, 100, 254, 255, 256, 257, 279] {
            let found = head.attend(kernels, position..<(position + 1))
            for (a, b) in zip(found, head.reference(position)) {
                // Scores err by a few units of 2⁻²³ of their size (below 32), the weighted mean of |v| < 5 with them.
                #expect((Double(a) - b).magnitude < 1e-5, "head dim \(headDim), position \(position)")
            }
        }
    }

    @Test(
        "queries computed together have the same bits as one by one, in chunks of any size",
        arguments: KeyValueFormat.allCases)
    func chunks(_ format: KeyValueFormat) {
        let tokens = 530
        let head = PagedHead(headDim: 21, tokens: tokens, format: format, seed: 1, groupsPerBlock: 3, layout: 8)
        for (name, kernels) in instructionSets {
            let first = name == "portable" ? 500 : 0  // fused steps by library calls take their time
            let alone = (first..<tokens).flatMap { head.attend(kernels, $0..<($0 + 1)) }.bits
            for chunk in [2, 3, 5, 6, 7, 16, 64, 512, tokens] {
                let pieces = stride(from: first, to: tokens, by: chunk).flatMap {
                    head.attend(kernels, $0..<min($0 + chunk, tokens))
                }
                #expect(pieces.bits == alone, "\(name), chunks of \(chunk)")
            }
        }
    }

    @Test("block size and block order change no bit", arguments: [1, 2, 3, 4, 8, 40], KeyValueFormat.allCases)
    func layouts(_ groupsPerBlock: Int, _ format: KeyValueFormat) {
        let plain = PagedHead(headDim: 23, tokens: 300, format: format, seed: 2)
        for layout in 0..<UInt64(3) {
            let other = PagedHead(
                headDim: 23, tokens: 300, format: format, seed: 2, groupsPerBlock: groupsPerBlock, layout: layout)
            for (name, kernels) in instructionSets {
                #expect(
                    other.attend(kernels, 250..<300).bits == plain.attend(kernels, 250..<300).bits,
                    "\(name), layout \(layout)")
            }
        }
    }

    @Test(
        "what lies behind a query's position does not reach it, be it NaN, infinite or another token",
        arguments: KeyValueFormat.allCases)
    func behindTheMask(_ format: KeyValueFormat) {
        let seen = 265
        let short = PagedHead(headDim: 18, tokens: seen, format: format, seed: 4, groupsPerBlock: 2)
        let long = PagedHead(headDim: 18, tokens: seen, format: format, seed: 4, groupsPerBlock: 2)
        let (nan, infinite) = ([Float](repeating: .nan, count: 18), [Float](repeating: .infinity, count: 18))
        for (name, kernels) in instructionSets {
            for last in [0, 6, 15, 254, 255, 256, 262] {
                let expected = short.attend(kernels, last..<(last + 1)).bits
                #expect(short.attend(kernels, last..<(last + 1)).allSatisfy { $0.isFinite })
                for token in (last + 1)..<seen {
                    long.store(token, key: token % 2 == 0 ? nan : infinite, value: token % 3 == 0 ? infinite : nan)
                }
                #expect(long.attend(kernels, last..<(last + 1)).bits == expected, "\(name), position \(last)")
                // Later queries of the same register tile see the poison; this one must not.
                let together = long.attend(kernels, last..<min(last + 6, seen))
                #expect(Array(together.bits[..<18]) == expected, "\(name), position \(last)")
                for token in (last + 1)..<seen { long.store(token, key: long.keys[token], value: long.values[token]) }
            }
        }
    }

    @Test("bf16 pages yield the bits that float32 pages of the rounded numbers yield")
    func rounded() {
        for headDim in [1, 7, 16, 33, 64] {
            let narrow = PagedHead(headDim: headDim, tokens: 300, format: .bf16, seed: 9, groupsPerBlock: 2)
            let wide = PagedHead(headDim: headDim, tokens: 300, format: .f32, seed: 9, groupsPerBlock: 3)
            for token in 0..<300 { wide.store(token, key: narrow.keys[token], value: narrow.values[token]) }
            for (name, kernels) in instructionSets {
                #expect(
                    narrow.attend(kernels, 270..<300).bits == wide.attend(kernels, 270..<300).bits,
                    "\(name), head dim \(headDim)")
            }
        }
    }

    @Test("far positions and steep slopes stay finite, and the nearest key wins")
    func steep() {
        let head = PagedHead(headDim: 16, tokens: 800, slope: 20, seed: 6)
        for (name, kernels) in instructionSets {
            let out = head.attend(kernels, 799..<800)
            #expect(zip(out, head.values[799]).allSatisfy { ($0 - $1).magnitude < 1e-3 }, "\(name)")
        }
    }
}
