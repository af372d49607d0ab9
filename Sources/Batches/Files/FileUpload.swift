import Foundation
import Synchronization

/// A file on its way in. It goes to the disk as it comes; one that is given up leaves nothing behind.
package final class FileUpload: Sendable {
    private let store: FileStore
    private let id = FileID.make()
    private let incoming: FileFolder
    private let descriptor: Int32
    private let disk = DiskQueue("parterre.upload")
    private let bytes = Mutex(0)
    private let hasBecomeFile = Mutex(false)

    fileprivate init(_ store: FileStore) throws {
        self.store = store
        incoming = store.folder.incomingFile(id)
        do {
            try DurableFile.makeFolder(incoming.path)
            descriptor = try DurableFile.create(incoming.content)
        } catch {
            store.endUpload(bytes: 0)
            throw error
        }
    }

    deinit {
        store.endUpload(bytes: bytes.withLock { $0 })
        let isGivenUp = hasBecomeFile.withLock { !$0 }
        disk.later { [descriptor, path = incoming.path] in
            close(descriptor)
            if isGivenUp { try? DurableFile.remove(path) }
        }
    }

    /// - Throws: `BatchesError.fileTooLarge`, `.storageFull`, `.disk`.
    package func write(_ chunk: [UInt8]) async throws {
        try store.reserve(chunk.count, beyond: bytes.withLock { $0 })
        bytes.withLock { $0 += chunk.count }
        try await disk.run { [descriptor, path = incoming.content] in
            try DurableFile.append(chunk, to: descriptor, path: path)
        }
    }

    /// All of it is there: make it a file. Call it once.
    ///
    /// - Parameter expiresAfter: seconds from now on; `nil`: never.
    package func finish(name: String, purpose: StoredFile.Purpose, expiresAfter: Int? = nil) async throws -> StoredFile
    {
        let file = store.newFile(
            id, bytes: bytes.withLock { $0 }, name: name, purpose: purpose, expiresAfter: expiresAfter)
        try await disk.run { [self] in
            try DurableFile.sync(descriptor, path: incoming.content)
            try DurableFile.replace(incoming.record, with: StoredRecord.encode(file))
            try DurableFile.move(incoming.path, to: store.folder.file(id).path)
        }
        hasBecomeFile.withLock { $0 = true }
        store.insert(file)
        bytes.withLock { $0 = 0 }
        return file
    }
}

extension FileStore {
    /// Begin to take a file in.
    ///
    /// - Parameter announcedBytes: what the client says will come, so that what has no room is refused at once.
    /// - Throws: `BatchesError`, for each of the limits.
    package func upload(announcedBytes: Int = 0) async throws -> FileUpload {
        try await deleteExpired()
        if announcedBytes > limits.fileBytes { throw BatchesError.fileTooLarge(limit: limits.fileBytes) }
        try state.withLock { state throws(BatchesError) in
            if state.takenBytes + announcedBytes > limits.totalBytes { throw .storageFull(limit: limits.totalBytes) }
            if state.uploads >= limits.uploadsAtOnce { throw .tooManyUploads(limit: limits.uploadsAtOnce) }
            if state.index.count + state.uploads >= limits.files { throw .tooManyFiles(limit: limits.files) }
            state.uploads += 1
        }
        return try FileUpload(self)
    }

    fileprivate func reserve(_ bytes: Int, beyond own: Int) throws(BatchesError) {
        if own + bytes > limits.fileBytes { throw .fileTooLarge(limit: limits.fileBytes) }
        try state.withLock { state throws(BatchesError) in
            if state.takenBytes + bytes > limits.totalBytes { throw .storageFull(limit: limits.totalBytes) }
            state.uploadBytes += bytes
        }
    }

    fileprivate func insert(_ file: StoredFile) {
        state.withLock { state in
            state.uploadBytes -= file.bytes
            state.index.insert(file)
        }
    }

    fileprivate func endUpload(bytes: Int) {
        state.withLock { state in
            state.uploads -= 1
            state.uploadBytes -= bytes
        }
    }
}
