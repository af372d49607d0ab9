import Dispatch
package import Forms
import Foundation
import Synchronization

/// Writes whole lines: a line is either in the output with its newline or not at all, whatever ends the process.
package final class LineWriter: Sendable {
    private let name: String
    private let descriptor: Int32
    private let owned: Bool
    /// A regular file: synced now and then, and cut back after a failed write.
    private let isRegular: Bool
    private let queue = DispatchQueue(label: "parterre.output")
    private let failure = Mutex<FileError?>(nil)
    private let lastSync = Mutex(ContinuousClock.now)

    /// A writer to a descriptor that is open for appending; closes it at the end when it is its own.
    package init(_ descriptor: Int32, name: String, owned: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.owned = owned
        isRegular = FileStatus(descriptor)?.isRegular ?? false
    }

    package static func standardOutput() -> LineWriter {
        LineWriter(STDOUT_FILENO, name: "standard output", owned: false)
    }

    /// Takes lines and keeps none.
    ///
    /// - Throws: `FileError.failed` on a system without `/dev/null`.
    package static func nowhere() throws -> LineWriter {
        let descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw FileError.failed("cannot open /dev/null: \(FileError.systemMessage(errno))")
        }
        return LineWriter(descriptor, name: "/dev/null", owned: true)
    }

    deinit {
        guard owned else { return }
        // A child process may hold a copy of the descriptor for a moment; the lock ends here.
        flock(descriptor, LOCK_UN)
        Foundation.close(descriptor)
    }

    /// A write has failed, so that no further line can be saved.
    package var hasFailed: Bool { failure.withLock { $0 != nil } }

    /// Append a line; a newline is added.
    package func write(_ line: JSON) async throws { try await write(text: line.line + "\n") }

    /// Append text as it is.
    package func write(text: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { continuation.resume(with: Result { try self.append(Array(text.utf8)) }) }
        }
    }

    /// Wait for the disk.
    package func finish() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            queue.async {
                if self.isRegular && !self.hasFailed { fsync(self.descriptor) }
                continuation.resume()
            }
        }
    }

    /// End the process as soon as no line is half written. A pipe whose reader has stopped is not waited for.
    package func exitBetweenLines(_ code: Int32) {
        if isRegular { queue.async { _exit(code) } } else { _exit(code) }
    }

    private func append(_ bytes: [UInt8]) throws {
        // After a failure nothing more is written, or a hole would look like an answer. Every writer of a line hears the
        // same reason, so that it does not matter whose error is told.
        if let failure = failure.withLock({ $0 }) { throw failure }
        let before = FileStatus(descriptor)?.size ?? 0
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress! + written, bytes.count - written)
            }
            if count >= 0 {
                written += count
                continue
            }
            let code = errno
            if code == EINTR { continue }
            if code == EAGAIN {
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&request, 1, 1000)
                continue
            }
            let error =
                code == EPIPE
                ? FileError.readerGone
                : FileError.failed("cannot write \(name): \(FileError.systemMessage(code))")
            failure.withLock { $0 = error }
            if isRegular && owned && written > 0 { ftruncate(descriptor, before) }
            throw error
        }
        syncNowAndThen()
    }

    /// Lines survive a killed process by themselves; once a second they are also made to survive a power cut.
    private func syncNowAndThen() {
        guard isRegular else { return }
        let due = lastSync.withLock { last in
            let now = ContinuousClock.now
            if now - last < .seconds(1) { return false }
            last = now
            return true
        }
        if due { fsync(descriptor) }
    }
}
