import Foundation

/// A file that is written beside its target under another name, which `finish()` renames: there is never a half-written
/// file under the target's name. One that is dropped unfinished removes what it wrote.
final class PartialFile {
    let target: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isFinished = false

    /// - Throws: `CheckpointError.unwritable`.
    init(target: String) throws {
        self.target = target
        // Found out now and not by the rename at the end of a long run.
        if let type = try? FileManager.default.attributesOfItem(atPath: target)[.type] as? FileAttributeType,
            type != .typeRegular, type != .typeSymbolicLink
        {
            throw CheckpointError.unwritable(file: target, reason: "there is something that is not a regular file")
        }
        temporaryPath = "\(target).\(String(UInt32.random(in: .min ... .max), radix: 36)).partial"
        descriptor = open(temporaryPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure() }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        if !isFinished { unlink(temporaryPath) }
    }

    /// - Throws: `CheckpointError.unwritable`.
    func setSize(_ bytes: Int) throws {
        guard ftruncate(descriptor, off_t(bytes)) == 0 else { throw failure() }
    }

    /// Take the disk's room for the whole file now, where the file system can: a full disk is then found out before the work.
    ///
    /// - Throws: `CheckpointError.unwritable`.
    func reserve(_ bytes: Int) throws {
        try setSize(bytes)
        let code = posix_fallocate(descriptor, 0, off_t(bytes))
        guard code == 0 || code == EINVAL || code == EOPNOTSUPP || code == EINTR else {
            throw CheckpointError.unwritable(file: target, reason: String(cString: strerror(code)))
        }
    }

    /// - Throws: `CheckpointError.unwritable`, as on a full disk.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw failure() }
            done += written
        }
    }

    /// Put the file under its name.
    ///
    /// - Parameter synchronized: first wait until the disk has it, so that what the disk refuses is found out.
    /// - Throws: `CheckpointError.unwritable`; then nothing new stands under the name.
    func finish(synchronized: Bool = false) throws {
        precondition(!isFinished, "finish() is called once")
        if synchronized { guard fsync(descriptor) == 0 else { throw failure() } }
        guard rename(temporaryPath, target) == 0 else { throw failure() }
        isFinished = true
    }

    private func failure() -> CheckpointError { .unwritable(file: target, reason: systemReason()) }
}
