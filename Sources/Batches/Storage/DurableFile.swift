import BatchFiles
import Foundation

/// Files and folders that are either there as a whole or not at all, whatever ends the process or the machine.
enum DurableFile {
    /// Put a small file in place of what was there.
    static func replace(_ path: String, with bytes: Data) throws {
        let scratch = path + ".new"
        let descriptor = try create(scratch)
        do {
            defer { close(descriptor) }
            try append(bytes, to: descriptor, path: scratch)
            try sync(descriptor, path: scratch)
        }
        try move(scratch, to: path)
    }

    /// An empty file for appending, which nobody else may read: prompts are nobody else's business.
    static func create(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw failure("create", path) }
        return descriptor
    }

    static func append(_ bytes: some ContiguousBytes, to descriptor: Int32, path: String) throws {
        let isWritten = bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { return false }
                written += count
            }
            return true
        }
        if !isWritten { throw failure("write", path) }
    }

    static func sync(_ descriptor: Int32, path: String) throws {
        if fsync(descriptor) != 0 { throw failure("write", path) }
    }

    static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw failure("open", path) }
        defer { close(descriptor) }
        try sync(descriptor, path: path)
    }

    /// Give a finished file or folder its name, in one step that survives a power cut.
    static func move(_ path: String, to target: String) throws {
        if rename(path, target) != 0 { throw failure("create", target) }
        try syncFolder(of: target)
    }

    static func makeFolder(_ path: String) throws {
        if mkdir(path, 0o700) != 0 && errno != EEXIST { throw failure("create", path) }
    }

    /// Remove a file or a folder with all that is in it; it is no fault when it is gone already.
    static func remove(_ path: String) throws {
        while exists(path) {
            do {
                return try FileManager.default.removeItem(atPath: path)
            } catch CocoaError.fileNoSuchFile {
                continue  // somebody else removes it too, and was ahead with a part
            } catch {
                throw BatchesError.disk("cannot remove \(path): \(error.localizedDescription)")
            }
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func names(in folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw BatchesError.disk("cannot read \(folder): \(error.localizedDescription)")
        }
    }

    /// A folder must be synchronised for the names in it to last.
    static func syncFolder(of path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw failure("open", folder) }
        defer { close(descriptor) }
        try sync(descriptor, path: folder)
    }

    private static func failure(_ what: String, _ path: String) -> BatchesError {
        .disk("cannot \(what) \(path): \(FileError.systemMessage(errno))")
    }
}
