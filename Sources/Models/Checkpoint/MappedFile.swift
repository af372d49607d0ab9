import Foundation
import Kernels

/// A whole file mapped read-only; unmapped when the last reference goes.
///
/// A file that somebody cuts off while it is mapped kills the process (SIGBUS), as with every reader by mmap.
final class MappedFile: @unchecked Sendable {
    // Unchecked because of the pointer alone: the mapping is read-only and lives as long as this object.
    let path: String
    let bytes: UnsafeRawBufferPointer
    /// What holds the bytes; `nil` where there are none.
    let region: NodeRegion?

    /// - Throws: `CheckpointError.unreadable`.
    init(path: String) throws {
        // O_NONBLOCK: a named pipe must be refused below, not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw CheckpointError.unreadable(file: path, reason: systemReason()) }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw CheckpointError.unreadable(file: path, reason: systemReason())
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError.unreadable(file: path, reason: "it is not a regular file")
        }
        let size = Int(status.st_size)
        self.path = path
        guard size > 0 else {
            region = nil
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let region = try? NodeRegion(file: descriptor, byteCount: size, purpose: "a file") else {
            throw CheckpointError.unreadable(file: path, reason: systemReason())
        }
        self.region = region
        bytes = UnsafeRawBufferPointer(start: region.base, count: size)
    }

    /// Give back the physical pages that lie wholly inside `range`; a later read would fetch them again.
    func discard(_ range: Range<Int>) {
        advise(
            from: (range.lowerBound + pageSize - 1) / pageSize * pageSize, to: range.upperBound / pageSize * pageSize,
            MADV_DONTNEED)
    }

    // Advice only: the kernel may refuse it without harm, so the result is ignored.
    private func advise(from lower: Int, to upper: Int, _ advice: Int32) {
        guard lower < upper, let start = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: start + lower), upper - lower, advice)
    }

    private var pageSize: Int { sysconf(Int32(_SC_PAGESIZE)) }
}

/// A path's last part.
func fileName(ofPath path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

/// What the last failed system call says about itself.
func systemReason() -> String { String(cString: strerror(errno)) }
