import Synchronization

/// What the batches that are kept have come to, and what is left to do.
package struct BatchLoad: Equatable, Sendable {
    /// How many have each status.
    package var batches: [BatchStatus: Int] = [:]
    /// Requests of batches that are answered or wait for it, without those that have an answer.
    package var requestsLeft = 0
    /// Of all files, those that still grow too.
    package var fileBytes: Int

    init(_ batches: [Batch], fileBytes: Int) {
        self.fileBytes = fileBytes
        for batch in batches {
            self.batches[batch.state.status, default: 0] += 1
            if batch.state == .inProgress {
                requestsLeft += batch.counts.total - batch.counts.completed - batch.counts.failed
            }
        }
    }
}

extension BatchStore {
    package var load: BatchLoad {
        let batches = state.withLock { state in state.batches.map { state.withProgress($0) } }
        return BatchLoad(batches, fileBytes: files.takenBytes)
    }
}
