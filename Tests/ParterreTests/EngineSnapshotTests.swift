import Foundation
import Parterre
import Testing

@Suite struct EngineSnapshotTests {
    @Test("a snapshot's sums are its status', whoever is in the batch")
    func sums() async throws {
        var options = EngineTests.options
        options.prefillChunk = 16
        options.maxBatch = 4
        try await EngineTests().withEngine(options) { engine in
            let streams = (0..<6).map { index in
                var request = EngineTests.request(
                    (0..<40).map { TokenID(4 + $0 + index) }, tokens: 60, n: index == 1 ? 3 : 1)
                request.label = "text \(index)"
                return engine.generate(request)
            }
            var looks = 0
            for stream in streams {
                for try await event in stream {
                    guard case .token = event, looks < 40 else { continue }
                    looks += 1
                    let snapshot = await engine.snapshot()
                    expectSound(snapshot)
                    #expect(snapshot.sequences.allSatisfy { $0.label?.hasPrefix("text ") == true })
                    #expect(snapshot.sequences.allSatisfy { $0.sample == 0 || $0.label == "text 1" && $0.sample < 3 })
                }
            }
            #expect(looks == 40)
            let end = await engine.snapshot()
            let status = await engine.status()
            #expect(end.sequences.isEmpty && end.status == status)
            expectSound(end)
        }
    }

    private func expectSound(_ snapshot: EngineSnapshot) {
        let status = snapshot.status
        let cells = snapshot.blocks.cells
        #expect(snapshot.blocks.blocksPerCell == 1 && cells.count <= status.cacheBlocks)
        #expect(cells.count { $0 == .cached } == status.cacheBlocksKept)
        #expect(cells.count { $0 != .cached && $0 != .free } == status.cacheBlocksUsed)
        #expect(cells.count { if case .shared = $0 { true } else { false } } == snapshot.blocks.sharedBlocks)
        let running = snapshot.sequences.filter { $0.state == .prefill || $0.state == .decode }
        #expect(running.count == status.runningSequences)
        #expect(snapshot.sequences.count + snapshot.unlisted - running.count == status.waitingSequences)
        for (index, sequence) in snapshot.sequences.enumerated() {
            let own = cells.count { $0 == .held(by: index) }
            #expect(own <= sequence.blocks && (own == sequence.blocks || snapshot.blocks.sharedBlocks > 0))
        }
    }
}
