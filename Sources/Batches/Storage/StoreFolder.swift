import BatchFiles
import Foundation

/// The folder that holds files and batches, owned by this process alone. docs/batches.md shows what lies where.
package final class StoreFolder: Sendable {
    package let path: String
    private let lock: Int32

    /// Take possession of `path`; it is made if it is not there.
    ///
    /// - Throws: `BatchesError.unusableFolder` when another process owns it, or when it holds something else.
    package init(_ path: String) throws {
        self.path = path
        let lockPath = path + "/lock"
        try Self.prepare(path, lockPath: lockPath)
        lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if lock < 0 {
            throw BatchesError.unusableFolder("cannot open \(lockPath): \(FileError.systemMessage(errno))")
        }
        // From here on `deinit` closes the lock, also where this throws.
        try Self.own(lock, path)
        for folder in [files, incoming, batches] { try DurableFile.makeFolder(folder) }
        // Uploads that an earlier process did not finish.
        for name in try DurableFile.names(in: incoming) { try DurableFile.remove(incoming + "/" + name) }
        try DurableFile.syncFolder(of: lockPath)
    }

    deinit {
        guard lock >= 0 else { return }
        // A child process may hold a copy of the descriptor for a moment; the lock ends here.
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// Whole files: a folder each, named by its id.
    var files: String { path + "/files" }
    /// What is not whole yet, or not there any more: emptied at each start.
    var incoming: String { path + "/incoming" }
    /// A folder for each batch.
    var batches: String { path + "/batches" }

    func file(_ id: FileID) -> FileFolder { FileFolder(path: files + "/" + id.rawValue) }

    func incomingFile(_ id: FileID) -> FileFolder { FileFolder(path: incoming + "/" + id.rawValue) }

    func batch(_ id: BatchID) -> BatchFolder { BatchFolder(path: batches + "/" + id.rawValue) }

    func incomingBatch(_ id: BatchID) -> BatchFolder { BatchFolder(path: incoming + "/" + id.rawValue) }

    private static let mark = "parterre batch folder, version 1\n"

    private static func prepare(_ path: String, lockPath: String) throws {
        let status = FileStatus(path: path)
        if status == nil {
            try DurableFile.makeFolder(path)
        } else if status?.isDirectory == false {
            throw BatchesError.unusableFolder("\(path) is a file: name a folder for files and batches")
        } else if !DurableFile.exists(lockPath), try !DurableFile.names(in: path).isEmpty {
            throw BatchesError.unusableFolder(
                "\(path) holds other things: name an empty or a new folder for files and batches")
        }
    }

    private static func own(_ lock: Int32, _ path: String) throws {
        if flock(lock, LOCK_EX | LOCK_NB) != 0 {
            throw BatchesError.unusableFolder(
                errno == EWOULDBLOCK
                    ? "\(path) belongs to a server that is running: stop it or name another folder"
                    : "cannot lock \(path): \(FileError.systemMessage(errno))")
        }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = bytes.withUnsafeMutableBytes { pread(lock, $0.baseAddress, $0.count, 0) }
        if count == 0 {
            try DurableFile.append(Data(mark.utf8), to: lock, path: path + "/lock")
            try DurableFile.sync(lock, path: path + "/lock")
        } else if count < 0 || !bytes.prefix(count).elementsEqual(mark.utf8) {
            throw BatchesError.unusableFolder(
                "\(path) was not written by this version of parterre: name another folder for files and batches")
        }
    }
}

/// A file's folder.
struct FileFolder: Sendable {
    var path: String
    var content: String { path + "/content" }
    /// What is known about the file; written last.
    var record: String { path + "/file.json" }
}

/// A batch's folder. Its results grow in folders that become files' folders by one renaming.
struct BatchFolder: Sendable {
    var path: String
    var record: String { path + "/batch.json" }
    var output: FileFolder { FileFolder(path: path + "/output") }
    var errors: FileFolder { FileFolder(path: path + "/errors") }
}
