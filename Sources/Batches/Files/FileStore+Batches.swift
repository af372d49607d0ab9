import BatchFiles
import Synchronization

// What batches need of files.
extension FileStore {
    /// Keep a file for a batch that reads it.
    ///
    /// - Throws: `BatchesError.noFile`.
    func hold(_ id: FileID) throws(BatchesError) {
        try state.withLock { state throws(BatchesError) in
            if state.index[id] == nil { throw .noFile(id.rawValue) }
            state.holders[id, default: 0] += 1
        }
    }

    func release(_ id: FileID) {
        state.withLock { state in
            guard let count = state.holders[id] else { return }
            state.holders[id] = count > 1 ? count - 1 : nil
        }
    }

    func isHeld(_ id: FileID) -> Bool { state.withLock { $0.holders[id] != nil } }

    func has(_ id: FileID) -> Bool { state.withLock { $0.index[id] != nil } }

    /// Note how many bytes a batch's results take while they are no files yet; `nil`: none any more.
    func note(_ bytes: Int?, growingFor batch: BatchID) {
        state.withLock { state in
            state.growingBytes += (bytes ?? 0) - (state.growing[batch] ?? 0)
            state.growing[batch] = bytes
        }
    }

    /// Whether a batch may write more. What it has written is never refused: work that is done is not thrown away.
    var hasRoom: Bool { takenBytes < limits.totalBytes }

    /// Of files, uploads and results that grow.
    var takenBytes: Int { state.withLock { $0.takenBytes } }

    /// Make a folder that a batch has filled a file. Blocks; may be repeated.
    ///
    /// - Returns: false when there is nothing to publish.
    func publish(_ filled: FileFolder, as id: FileID, name: String, expiresAfter: Int?) throws -> Bool {
        if has(id) { return true }
        guard let bytes = FileStatus(path: filled.content)?.size, bytes > 0 else { return false }
        let file = newFile(id, bytes: bytes, name: name, purpose: .batchOutput, expiresAfter: expiresAfter)
        try DurableFile.sync(filled.content)
        try DurableFile.replace(filled.record, with: StoredRecord.encode(file))
        try DurableFile.move(filled.path, to: folder.file(id).path)
        state.withLock { $0.index.insert(file) }
        return true
    }

    func newFile(
        _ id: FileID, bytes: Int, name: String, purpose: StoredFile.Purpose, expiresAfter: Int?
    ) -> StoredFile {
        let now = time.now()
        let ordinal = state.withLock { state in
            defer { state.nextOrdinal += 1 }
            return state.nextOrdinal
        }
        return StoredFile(
            id: id, ordinal: ordinal, bytes: bytes, createdAt: now, expiresAt: expiresAfter.map { now + $0 },
            name: name, purpose: purpose)
    }
}

extension FileStore.State {
    var takenBytes: Int { index.bytes + uploadBytes + growingBytes }
}
