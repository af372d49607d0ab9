import Basics
import Scheduler
import Testing

@Suite struct LeftPaddedBatchTests {
    @Test("rows are right-aligned; positions count real tokens")
    func alignment() {
        let batch = LeftPaddedBatch([[5, 6, 7], [8], []], padding: 3, extraColumns: 2)
        #expect(batch.columns == 5)
        #expect(batch.tokens == [3, 3, 5, 6, 7, 3, 3, 3, 3, 8, 3, 3, 3, 3, 3])
        #expect(batch.firstColumns == [2, 4, 5])
        #expect(batch.position(row: 0, column: 1) == nil)
        #expect(batch.position(row: 0, column: 4) == Position(2))
        #expect(batch.position(row: 1, column: 4) == Position(0))
        #expect((0..<5).allSatisfy { batch.position(row: 2, column: $0) == nil })
    }

    @Test("windows of columns cut rows into consecutive pieces")
    func windows() {
        let batch = LeftPaddedBatch([[1, 2, 3, 4, 5], [6, 7]])
        let windows = [0..<2, 2..<4, 4..<5]
        #expect(windows.map { Array(batch.realTokens(row: 0, in: $0)) } == [[1, 2], [3, 4], [5]])
        #expect(windows.map { Array(batch.realTokens(row: 1, in: $0)) } == [[], [6], [7]])
    }

    @Test("a grid with its mask is the batch of its real tokens")
    func fromMask() throws {
        let batch = try LeftPaddedBatch(tokens: [[9, 9, 4], [1, 2, 3]], attentionMask: [[0, 0, 1], [1, 1, 1]])
        #expect(batch.firstColumns == [2, 0])
        #expect(Array(batch.realTokens(row: 0, in: 0..<3)) == [4])
    }

    @Test("a hole in the mask is an error that names its place")
    func hole() {
        #expect(throws: BatchError.maskIsNotLeftPadding(row: 1, column: 2)) {
            try LeftPaddedBatch(tokens: [[1, 2, 3], [1, 2, 3]], attentionMask: [[0, 1, 1], [0, 1, 0]])
        }
        #expect(throws: BatchError.maskIsNotLeftPadding(row: 0, column: 0)) {
            try LeftPaddedBatch(tokens: [[1]], attentionMask: [[2]])
        }
    }

    @Test("shapes that do not fit are an error")
    func shapes() {
        #expect(throws: BatchError.self) { try LeftPaddedBatch(tokens: [[1]], attentionMask: []) }
        #expect(throws: BatchError.self) {
            try LeftPaddedBatch(tokens: [[1, 2], [1]], attentionMask: [[1, 1], [1]])
        }
    }
}
