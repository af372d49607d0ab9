import Foundation
import Synchronization

/// An output file before anything is written: what it holds, and whether it may be written at all.
package final class OutputFile: Sendable {
    package let path: String
    package let contents: OutputContents
    /// What needs no more work; without the failures when they are to be tried again.
    package let finished: FinishedWork
    private let dropsFailures: Bool
    /// Open and locked if the file is there, so that no two runs write to it; `writer()` takes it over.
    private let existing: Mutex<Int32?>

    /// Look at `path` without changing it.
    ///
    /// - Throws: `FileError.unusable` when it holds something and `resume` is off, when it holds something else than
    ///   output lines, when another run writes to it, or when it cannot be written.
    package init(_ path: String, resume: Bool, retryErrors: Bool = false, input: FileIdentity? = nil) throws {
        self.path = path
        let descriptor = try Self.openExisting(path)
        existing = Mutex(descriptor)
        do {
            contents = try descriptor.map { try Self.look(at: path, $0, resume: resume, input: input) } ?? .init()
        } catch {
            if let descriptor { close(descriptor) }
            throw error
        }
        dropsFailures = retryErrors && contents.finished.failureCount > 0
        finished = dropsFailures ? contents.finished.withoutFailures : contents.finished
    }

    deinit {
        if let descriptor = existing.withLock({ $0 }) { close(descriptor) }
    }

    /// Begin to write: cut off a torn line, create the file. Call it once.
    package func writer() throws -> LineWriter {
        guard let existing = existing.withLock({ $0.take() }) else {
            return try lockedWriter(open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0o666))
        }
        if contents.tornBytes > 0 && ftruncate(existing, off_t(contents.keptBytes)) != 0 {
            throw failure("cut the torn line off")
        }
        if contents.lacksNewline && write(existing, "\n", 1) != 1 { throw failure("write") }
        return dropsFailures ? try withoutFailures(existing) : LineWriter(existing, name: path, owned: true)
    }

    /// A new file without the failures takes the old one's place in one step.
    private func withoutFailures(_ old: Int32) throws -> LineWriter {
        let target = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
        let scratch = target + ".retry"
        let writer = try lockedWriter(open(scratch, O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)) {
            try OutputContents.copyWithoutFailures(of: path, to: $0)
            fsync($0)
        }
        if rename(scratch, target) != 0 { throw failure("replace") }
        close(old)
        return writer
    }

    private func lockedWriter(_ descriptor: Int32, prepare: (Int32) throws -> Void = { _ in }) throws -> LineWriter {
        if descriptor < 0 { throw failure("create") }
        flock(descriptor, LOCK_EX | LOCK_NB)
        try prepare(descriptor)
        return LineWriter(descriptor, name: path, owned: true)
    }

    private func failure(_ what: String) -> FileError {
        .unusable("cannot \(what) \(path): \(FileError.systemMessage(errno))")
    }

    private static func openExisting(_ path: String) throws -> Int32? {
        let descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
        if descriptor >= 0 { return descriptor }
        if errno == ENOENT {
            // `open` could create the file, but nothing may be written before the model is loaded.
            let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
            if access(folder, W_OK | X_OK) == 0 { return nil }
        }
        throw FileError.unusable("cannot write \(path): \(FileError.systemMessage(errno))")
    }

    private static func look(
        at path: String, _ descriptor: Int32, resume: Bool, input: FileIdentity?
    ) throws -> OutputContents {
        guard let status = FileStatus(descriptor), status.isRegular else {
            if resume { throw FileError.unusable("--resume needs a file, and \(path) is none") }
            return OutputContents()
        }
        if status.identity == input { throw FileError.unusable("\(path) is the input itself") }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
            throw FileError.unusable("\(path) is being written by another run")
        }
        if status.size == 0 { return OutputContents() }
        if !resume {
            throw FileError.unusable(
                "\(path) already holds something: give --resume to go on with it, or another --output")
        }
        return try OutputContents(of: path)
    }
}
