package import BatchFiles
package import Logging
import Synchronization

/// Files that clients have uploaded and that batches have written: contents on the disk, what is known about them in
/// memory too. An upload is streamed to the disk and becomes a file in one step, at its end.
package final class FileStore: Sendable {
    struct State {
        var index = FileIndex()
        /// Ordinals are given before a file is whole, so the greatest in the index is not the last one given.
        var nextOrdinal = 0
        /// Unfinished batches that read a file.
        var holders: [FileID: Int] = [:]
        var uploads = 0
        /// Of uploads that have not ended.
        var uploadBytes = 0
        /// Bytes of results that are still being written, by whose they are.
        var growing: [BatchID: Int] = [:]
        var growingBytes = 0
    }

    package let limits: StorageLimits
    let folder: StoreFolder
    let time: TimeSource
    let state: Mutex<State>
    private let disk = DiskQueue("parterre.files")

    /// Read what is known about the files in `folder`.
    package init(
        _ folder: StoreFolder, limits: StorageLimits = StorageLimits(), time: TimeSource = .system, logger: Logger
    ) throws {
        self.folder = folder
        self.limits = limits
        self.time = time
        var index = FileIndex()
        let names = try DurableFile.names(in: folder.files)
        let found = names.compactMap { name -> StoredFile? in
            let id = FileID(rawValue: name)
            let file = StoredRecord.read(StoredFile.self, folder.file(id).record)
            if file?.id == id { return file }
            logger.warning("a file is damaged and left out", metadata: ["path": "\(folder.file(id).path)"])
            return nil
        }
        for file in found.sorted(by: { $0.ordinal < $1.ordinal }) { index.insert(file) }
        state = Mutex(State(index: index, nextOrdinal: index.nextOrdinal))
    }

    /// - Throws: `BatchesError.noFile`.
    package func file(_ id: FileID) throws(BatchesError) -> StoredFile {
        let now = time.now()
        guard let file = state.withLock({ $0.index[id] }), !file.hasExpired(at: now) || isHeld(id) else {
            throw .noFile(id.rawValue)
        }
        return file
    }

    /// - Throws: `BatchesError.invalid`.
    package func page(_ query: ListQuery, purpose: String? = nil) throws(BatchesError) -> ListPage<StoredFile> {
        let now = time.now()
        let all = state.withLock { $0.index.ordered }
        return try ListPage(all, query, id: \.id.rawValue) {
            !$0.hasExpired(at: now) && (purpose == nil || $0.purpose.rawValue == purpose)
        }
    }

    /// The content, which can be read to its end even when the file is deleted meanwhile.
    ///
    /// - Throws: `BatchesError.noFile`.
    package func content(_ id: FileID) async throws -> InputFile {
        _ = try file(id)
        let path = folder.file(id).content
        return try await disk.run {
            do {
                return try InputFile(path)
            } catch {
                throw BatchesError.noFile(id.rawValue)
            }
        }
    }

    /// - Throws: `BatchesError.noFile`; `.fileInUse` while a batch reads it.
    package func delete(_ id: FileID) async throws {
        _ = try file(id)
        guard let file = try take(id) else { throw BatchesError.noFile(id.rawValue) }
        try await disk.run { [self] in try removeFolder(of: file) }
    }

    /// Delete the files whose time is over.
    package func deleteExpired() async throws {
        let now = time.now()
        let expired = state.withLock { state in
            state.index.ordered.filter { $0.hasExpired(at: now) && state.holders[$0.id] == nil }
        }
        for file in expired {
            if let file = try? take(file.id) { try await disk.run { [self] in try removeFolder(of: file) } }
        }
    }

    /// Take a file out of the index, so that nobody finds it any more.
    private func take(_ id: FileID) throws(BatchesError) -> StoredFile? {
        try state.withLock { state throws(BatchesError) in
            if state.holders[id] != nil { throw .fileInUse(id.rawValue) }
            return state.index.remove(id)
        }
    }

    private func removeFolder(of file: StoredFile) throws {
        let gone = folder.incoming + "/" + file.id.rawValue + ".gone"
        do {
            try DurableFile.move(folder.file(file.id).path, to: gone)
        } catch {
            state.withLock { $0.index.insert(file) }
            throw error
        }
        try DurableFile.remove(gone)
    }
}
