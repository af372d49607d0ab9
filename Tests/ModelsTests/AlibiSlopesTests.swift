import Models
import Testing

/// Slopes against `transformers`' `build_alibi_tensor`, as bit patterns by head.
@Suite struct AlibiSlopesTests {
    static let golden: [(heads: Int, slopes: [Int: UInt32])] = [
        (1, [0: 0x3B80_0000]),
        (3, [0: 0x3D80_0000, 1: 0x3B80_0000, 2: 0x3E80_0000]),
        (6, [0: 0x3E80_0000, 1: 0x3D80_0000, 2: 0x3C80_0000, 3: 0x3B80_0000, 4: 0x3F00_0000, 5: 0x3E00_0000]),
        // BLOOM 176B: 64 heads take the powers, 48 the odd powers of the next finer base.
        (
            112,
            [
                0: 0x3F6A_C0C7, 1: 0x3F57_44FD, 31: 0x3D80_0002, 63: 0x3B80_0003, 64: 0x3F75_257D, 65: 0x3F60_CCDF,
                100: 0x3D2D_583B, 111: 0x3C85_AABF,
            ]
        ),
    ]

    @Test("slopes are transformers', also where the heads are no power of two", arguments: golden)
    func likeTransformers(_ golden: (heads: Int, slopes: [Int: UInt32])) {
        let slopes = alibiSlopes(heads: golden.heads)
        #expect(slopes.count == golden.heads)
        for (head, bits) in golden.slopes {
            #expect(slopes[head].bitPattern == bits, "\(golden.heads) heads, head \(head)")
        }
    }
}
