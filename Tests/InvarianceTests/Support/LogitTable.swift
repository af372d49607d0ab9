import Basics
import Foundation
import Scheduler
import Synchronization

/// The bit patterns of the logits of every position of some sequences.
struct LogitTable: Equatable, Sendable {
    /// `[sequence][position][vocabulary]`.
    private(set) var bits: [[[UInt32]]]

    init(lengths: [Int]) { bits = lengths.map { Array(repeating: [], count: $0) } }

    mutating func set(_ sequence: Int, _ position: Int, _ logits: UnsafeBufferPointer<Float>) {
        bits[sequence][position] = logits.map(\.bitPattern)
    }

    /// Where the tables first differ, in words.
    func firstDifference(from other: LogitTable) -> String? {
        guard bits.count == other.bits.count else { return "\(bits.count) sequences against \(other.bits.count)" }
        for (sequence, rows) in bits.enumerated() {
            for (position, row) in rows.enumerated() where row != other.bits[sequence][position] {
                return "sequence \(sequence) (\(rows.count) tokens) differs first at position \(position)"
            }
        }
        return nil
    }

    /// No NaN, no infinity, nothing left out, and not all the same: a table that could hide a difference is a failure.
    var isMeaningful: Bool {
        bits.allSatisfy { rows in
            rows.allSatisfy { row in
                let values = row.map(Float.init(bitPattern:))
                return !row.isEmpty && values.allSatisfy(\.isFinite) && Set(row).count > row.count / 2
            }
        }
    }

    typealias Scoring = (@escaping LogitsVisitor) async throws -> Void

    static func collect(_ sequences: [[TokenID]], _ score: Scoring) async throws -> LogitTable {
        let table = Mutex(LogitTable(lengths: sequences.map(\.count)))
        try await score { sequence, position, logits in table.withLock { $0.set(sequence, position, logits) } }
        return table.withLock { $0 }
    }
}
