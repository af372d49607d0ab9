import Testing

@testable import Kernels

@Suite struct KeyValueLayoutTests {
    /// Three CPUs on node 0, one on node 1: of 8 heads 6 and 2.
    static let uneven = Machine(
        nodes: [
            Machine.Node(id: 0, cpus: [0, 1, 2], memoryBytes: 3 << 30, freeBytes: 2 << 30),
            Machine.Node(id: 1, cpus: [3], memoryBytes: 1 << 30, freeBytes: 1 << 28),
        ], canPlace: true, placementNote: nil)

    func withLayout(_ body: (KeyValueLayout) -> Void) throws {
        let crew = try WorkerLanes(machine: Self.uneven)
        defer { crew.stop() }
        body(KeyValueLayout(layers: 2, heads: 8, headDim: 16, blockTokens: 16, format: .f32, crew: crew))
    }

    @Test("the cache's size is what fits, in all and into each node's own memory")
    func sizes() throws {
        try withLayout { layout in
            #expect(layout.headsByNode == [0..<6, 6..<8])
            let block = layout.bytesPerBlock
            #expect(layout.blocks(fitting: 100 * block, nodeLimits: [nil, nil]) == 100)
            #expect(layout.blocks(fitting: 100 * block + block - 1, nodeLimits: [100 * block, 100 * block]) == 100)
            // A quarter of each block lies on node 1, so 15 blocks' memory there holds 60 blocks' share.
            #expect(layout.blocks(fitting: 100 * block, nodeLimits: [nil, 15 * block]) == 60)
            #expect(layout.blocks(fitting: 100 * block, nodeLimits: [30 * block, 15 * block]) == 40)
            #expect(layout.blocks(fitting: 0, nodeLimits: [nil, nil]) == 0)
        }
    }

    @Test(
        "a bf16 token takes half of a float32 one, its dims rounded up to an even number; an int8 one a byte a dim and scales"
    )
    func formats() throws {
        let crew = try WorkerLanes(threads: 1)
        defer { crew.stop() }
        for (headDim, f32, bf16, int8) in [
            (64, 128 * 4, 128 * 2, 128 + 8), (5, (5 + 16) * 4, (6 + 16) * 2, 8 + 16 + 8),
        ] {
            for (format, bytes) in [(KeyValueFormat.f32, f32), (.bf16, bf16), (.int8, int8)] {
                let layout = KeyValueLayout(
                    layers: 2, heads: 3, headDim: headDim, blockTokens: 48, format: format, crew: crew)
                #expect(layout.bytesPerBlock == 48 * 6 * bytes)
                #expect(
                    KeyValueLayout.bytesPerToken(layers: 2, heads: 3, headDim: headDim, format: format) == 6 * bytes)
            }
        }
    }

    @Test("a nearly full node takes three quarters of the cache at most")
    func fullNode() throws {
        try withLayout { layout in
            #expect(layout.blocks(fitting: 100 * layout.bytesPerBlock, nodeLimits: [nil, 0]) == 25)
        }
    }
}
