import BatchFiles
import Foundation
package import Logging
import Synchronization

/// All batches. A change is on the disk before anybody sees it, so that a restarted server goes on where this one was.
package final class BatchStore: Sendable {
    struct State {
        /// In order of creation.
        var batches: [Batch] = []
        /// Somebody works on them.
        var claimed: Set<BatchID> = []
        /// Nobody shall work on them before that time, because it went wrong.
        var pauses: [BatchID: Int] = [:]
        /// How far those have come that are being answered.
        var progress: [BatchID: @Sendable () -> BatchCounts] = [:]
        var bells: [Int: AsyncStream<Void>.Continuation] = [:]
        var watchers: [Int: (batch: BatchID, AsyncStream<BatchState>.Continuation)] = [:]
        var subscriptions = 0
    }

    package let files: FileStore
    let folder: StoreFolder
    let time: TimeSource
    let state: Mutex<State>
    /// Every change of a batch happens on it, one after another.
    private let disk = DiskQueue("parterre.batches")

    /// Read what is known about the batches in the folder of `files`.
    package init(files: FileStore, logger: Logger) throws {
        self.files = files
        folder = files.folder
        time = files.time
        var batches: [Batch] = []
        for name in try DurableFile.names(in: folder.batches) {
            let id = BatchID(rawValue: name)
            if let batch = StoredRecord.read(Batch.self, folder.batch(id).record), batch.id == id {
                batches.append(batch)
            } else {
                logger.warning("a batch is damaged and left out", metadata: ["path": "\(folder.batch(id).path)"])
            }
        }
        state = Mutex(State(batches: batches.sorted { $0.ordinal < $1.ordinal }))
        for batch in batches where !batch.state.isFinal {
            // Where the input is gone the batch fails when its turn comes.
            try? files.hold(batch.order.inputFile)
            files.note(folder.batch(batch.id).resultBytes, growingFor: batch.id)
        }
    }

    /// - Throws: `BatchesError.noBatch`.
    package func batch(_ id: BatchID) throws(BatchesError) -> Batch {
        guard let batch = state.withLock({ $0.shown(id) }) else { throw .noBatch(id.rawValue) }
        return batch
    }

    /// Newest first.
    ///
    /// - Throws: `BatchesError.invalid`.
    package func page(_ query: ListQuery) throws(BatchesError) -> ListPage<Batch> {
        let all = state.withLock { state in state.batches.map { state.withProgress($0) } }
        return try ListPage(all, query, id: \.id.rawValue) { _ in true }
    }

    /// - Throws: `BatchesError.invalid` for an input that is none; `.tooManyBatches`.
    package func create(_ order: BatchOrder) async throws -> Batch {
        let field = "input_file_id"
        do {
            let input = try files.file(order.inputFile)
            guard input.purpose == .batch else {
                throw BatchesError.invalid(
                    field: field, reason: "\(input.id.rawValue) was not uploaded with the purpose \"batch\"")
            }
            try files.hold(input.id)
        } catch BatchesError.noFile(let id) {
            throw BatchesError.invalid(field: field, reason: BatchesError.noFile(id).message)
        }
        do {
            return try await disk.run { [self] in try insert(order) }
        } catch {
            files.release(order.inputFile)
            throw error
        }
    }

    /// Stop answering. What has been answered becomes files.
    ///
    /// - Throws: `BatchesError.noBatch`; `.cannotCancel` for a batch that has ended or is about to.
    package func cancel(_ id: BatchID) async throws -> Batch {
        if let batch = try await apply(.cancelled, to: id) { return batch }
        let batch = try batch(id)
        // Asking twice is no error.
        if batch.state == .finalizing(to: .cancelled) { return batch }
        throw BatchesError.cannotCancel(id: id.rawValue, status: batch.state.status.rawValue)
    }

    /// - Returns: the batch after the event; `nil` where the event cannot happen or comes too late.
    func apply(_ event: BatchEvent, to id: BatchID) async throws -> Batch? {
        try await disk.run { [self] in
            guard var batch = state.withLock({ $0.shown(id) }) else { throw BatchesError.noBatch(id.rawValue) }
            guard batch.apply(event, at: time.now()) else { return nil }
            try DurableFile.replace(folder.batch(id).record, with: StoredRecord.encode(batch))
            let changed = batch
            state.withLock { $0.replace(changed) }
            if batch.state.isFinal {
                files.release(batch.order.inputFile)
                files.note(nil, growingFor: id)
            }
            return batch
        }
    }

    private func insert(_ order: BatchOrder) throws -> Batch {
        let (ordinal, unfinished) = state.withLock { state in
            ((state.batches.last?.ordinal ?? -1) + 1, state.batches.count { !$0.state.isFinal })
        }
        if unfinished >= files.limits.batches { throw BatchesError.tooManyBatches(limit: files.limits.batches) }
        let batch = Batch(order, ordinal: ordinal, now: time.now())
        let incoming = folder.incomingBatch(batch.id)
        try DurableFile.makeFolder(incoming.path)
        try DurableFile.makeFolder(incoming.output.path)
        try DurableFile.makeFolder(incoming.errors.path)
        try DurableFile.replace(incoming.record, with: StoredRecord.encode(batch))
        try DurableFile.move(incoming.path, to: folder.batch(batch.id).path)
        state.withLock { $0.append(batch) }
        try forgetOldest()
        return batch
    }

    /// Batches cannot be deleted in OpenAI's API, so the oldest make room.
    private func forgetOldest() throws {
        let forgotten = state.withLock { state -> [BatchID] in
            let excess = state.batches.count - files.limits.batches
            guard excess > 0 else { return [] }
            let ids = state.batches.lazy.filter(\.state.isFinal).prefix(excess).map(\.id)
            let gone = Array(ids)
            state.batches.removeAll { gone.contains($0.id) }
            return gone
        }
        for id in forgotten {
            let gone = folder.incoming + "/" + id.rawValue + ".gone"
            try DurableFile.move(folder.batch(id).path, to: gone)
            try DurableFile.remove(gone)
        }
    }
}

extension BatchStore.State {
    /// A batch with the counts of this moment.
    func shown(_ id: BatchID) -> Batch? { batches.first { $0.id == id }.map(withProgress) }

    func withProgress(_ batch: Batch) -> Batch {
        guard let counts = progress[batch.id]?() else { return batch }
        var batch = batch
        batch.counts = counts
        return batch
    }

    mutating func append(_ batch: Batch) {
        batches.append(batch)
        ring()
    }

    mutating func replace(_ batch: Batch) {
        guard let index = batches.firstIndex(where: { $0.id == batch.id }) else { return }
        batches[index] = batch
        for (watched, continuation) in watchers.values where watched == batch.id { continuation.yield(batch.state) }
        ring()
    }

    func ring() { for bell in bells.values { bell.yield() } }
}

extension BatchFolder {
    var resultBytes: Int {
        (FileStatus(path: output.content)?.size ?? 0) + (FileStatus(path: errors.content)?.size ?? 0)
    }
}
