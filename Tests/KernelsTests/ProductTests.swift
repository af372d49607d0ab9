import CKernels
import Synchronization
import TestSupport
import Testing

@testable import Kernels

/// A whole product, its parts dealt to lanes.
@Suite("Products of many lanes")
struct ProductTests {
    @Test(
        "every part is computed once, whatever the rows, panels and lanes, one product after the other",
        arguments: [1, 2, 3, 5, 19])
    func dealt(_ threads: Int) throws {
        let crew = try WorkerLanes(threads: threads)
        defer { crew.stop() }
        var random = SplitMix64(seed: UInt64(threads))
        for columns in [40, 64, 3 * 64, 5 * 64 - 7, 16 * 64] {
            for rows in [1, 23, 24, 96, 97, 200, 389] { try check(rows: rows, columns: columns, crew, &random) }
        }
    }

    @Test("a large matrix is made in slices of a few megabytes, but of enough panels for every lane")
    func slices() throws {
        let crew = try WorkerLanes(threads: 1)
        defer { crew.stop() }
        func slices(_ columns: Int, _ k: Int, lanes: Int) -> Int {
            PanelPlan(columns: columns, k: k, format: .f32, crew: crew).slices(ofBytes: columns * k * 2, lanes: lanes)
        }
        #expect(slices(64, 1, lanes: 2) == 1 && slices(8192, 1024, lanes: 2) == 1 && slices(8193, 1024, lanes: 2) == 2)
        // BLOOM-560m's embedding: 490 MiB, 3,920 panels.
        #expect(slices(250_880, 1024, lanes: 2) == 31)
        #expect(slices(250_880, 1024, lanes: 192) == 3)
    }

    private func check(rows: Int, columns: Int, _ crew: WorkerLanes, _ random: inout SplitMix64) throws {
        let k = 3
        let kernels = bestKernels
        let plan = PanelPlan(columns: columns, k: k, format: .f32, crew: crew)
        let regions = try crew.nodes.indices.map {
            try NodeRegion(byteCount: max(64, plan.bytes(onNode: $0)), node: nil, purpose: "a test")
        }
        var allocators = regions.map { RegionAllocator($0) }
        let matrix = PackedMatrix(plan, from: &allocators)
        let weights = Memory((0..<columns * k).map { _ in random.normal() })
        let source = SourceMatrix(
            bytes: UnsafeRawBufferPointer(start: weights.start, count: columns * k * 4), type: PK_F32, rows: columns,
            k: k)
        let x = Memory((0..<rows * k).map { _ in random.normal() })
        let rounds = 6
        let y = (0..<rounds).map { _ in Memory<Float>(rows * columns, repeating: .nan) }
        let targets = y.map { ProductTarget($0.start, stride: columns) }
        let input = ActivationRows(floats: x.start, stride: k, rows: rows)
        let done = Atomic(0)
        let surprises = Atomic(0)
        crew.run { lane in
            matrix.pack(source, kernels: kernels, lane: lane)
            lane.barrier()
            let panels = matrix.onNode(lane.node)
            for target in targets {
                var foreseen = ProductItems.firstPanel(rows: rows, of: panels, kernels: kernels, lane: lane)
                panels.multiply(input, into: target, following: panels, kernels: kernels, lane: lane) {
                    done.add($0.rows.count * $0.columns.count, ordering: .relaxed)
                    if let panel = foreseen, panel != $0.panel { surprises.add(1, ordering: .relaxed) }
                    foreseen = nil
                }
                lane.barrier()
            }
        }
        let expected = (0..<rows).flatMap { row in
            (0..<columns).map { column in
                (0..<k).reduce(Float(0)) {
                    $0.addingProduct(x.start[row * k + $1], weights.start[column * k + $1])
                }
            }
        }
        #expect(done.load(ordering: .relaxed) == rounds * rows * columns, "\(rows) rows, \(columns) columns")
        #expect(surprises.load(ordering: .relaxed) == 0, "a lane began with another panel than was foreseen")
        for round in y { #expect(round.values == expected, "\(rows) rows, \(columns) columns") }
        withExtendedLifetime(regions) {}
    }
}
