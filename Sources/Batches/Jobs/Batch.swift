/// A batch: what was asked, and how far it has come.
package struct Batch: Codable, Equatable, Sendable {
    package var id: BatchID
    /// Place in the order of creation: the lowest is served first.
    var ordinal: Int
    package var order: BatchOrder
    /// Seconds since 1970, as all times here.
    package var createdAt: Int
    package var expiresAt: Int
    /// Names for the results, given before there are any, so that publishing them can be repeated.
    var outputFile = FileID.make()
    var errorFile = FileID.make()
    package private(set) var state = BatchState.validating
    /// When it came to each state that it has been in, but for the first.
    package private(set) var times: [BatchStatus: Int] = [:]
    package var counts = BatchCounts()

    init(_ order: BatchOrder, ordinal: Int, now: Int) {
        id = BatchID.make()
        self.ordinal = ordinal
        self.order = order
        createdAt = now
        expiresAt = now + order.window.seconds
    }

    package var outputFileID: FileID? {
        if case .ended(_, let results) = state, results.hasOutput { outputFile } else { nil }
    }

    package var errorFileID: FileID? {
        if case .ended(_, let results) = state, results.hasErrors { errorFile } else { nil }
    }

    /// - Returns: false, and nothing changes, where the event cannot happen or comes too late.
    mutating func apply(_ event: BatchEvent, at now: Int) -> Bool {
        guard let next = state.after(event) else { return false }
        state = next
        times[next.status] = now
        if case .accepted(let requests) = event { counts.total = requests }
        if case .published(let results) = event { counts = results.counts }
        return true
    }
}
