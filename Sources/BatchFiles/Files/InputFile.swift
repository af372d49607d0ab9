import Dispatch
import Foundation

/// A file or a pipe, read in chunks on a queue of its own so that a slow writer holds up no Swift task.
package final class InputFile: Sendable {
    package let name: String
    /// Its length, where it is a file that can be read twice.
    package let size: Int?
    /// Device and inode, to notice an output that is the input.
    package let identity: FileIdentity?
    private let descriptor: Int32
    private let owned: Bool
    private let queue = DispatchQueue(label: "parterre.input")

    /// Open `path`; `-` is standard input.
    package init(_ path: String) throws {
        let isStandard = path == "-"
        name = isStandard ? "standard input" : path
        owned = !isStandard
        descriptor = isStandard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw FileError.unusable("cannot open \(path): \(FileError.systemMessage(errno))") }
        let status = FileStatus(descriptor)
        if status?.isDirectory == true {
            if owned { close(descriptor) }
            throw FileError.unusable("\(name) is a directory: give a file of JSON lines")
        }
        size = status?.isRegular == true && owned ? status?.size : nil
        identity = status?.isRegular == true ? status?.identity : nil
    }

    deinit { if owned { close(descriptor) } }

    /// Up to 256 KiB, empty at the end of the stream or once `shouldStop` says so.
    package func chunk(orStopWhen shouldStop: @escaping @Sendable () -> Bool = { false }) async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.readChunk(shouldStop) }) }
        }
    }

    /// Lines that are not blank, counted ahead for the progress bar; `nil` where the input cannot be read twice.
    package func countLines() throws -> Int? {
        guard size != nil else { return nil }
        defer { lseek(descriptor, 0, SEEK_SET) }
        var splitter = LineSplitter()
        var count = 0
        while true {
            let bytes = try readChunk({ false })
            splitter.append(bytes)
            while let line = splitter.next() { if !line.isBlank { count += 1 } }
            if bytes.isEmpty {
                if let line = splitter.finish(), !line.isBlank { count += 1 }
                return count
            }
        }
    }

    private func readChunk(_ shouldStop: () -> Bool) throws -> [UInt8] {
        // A pipe is asked ten times a second whether it has something, so that Ctrl-C is heard while it has nothing.
        if size == nil {
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while poll(&request, 1, 100) == 0 { if shouldStop() { return [] } }
        }
        if shouldStop() { return [] }
        let capacity = 256 << 10
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                let got = read(descriptor, buffer.baseAddress, capacity)
                if got < 0 { failure = errno }
                count = max(0, got)
            }
            if failure == 0 { return bytes }
            if failure != EINTR {
                throw FileError.failed("cannot read \(name): \(FileError.systemMessage(failure))")
            }
        }
    }
}

extension LineSplitter.Line {
    /// Nothing but spaces: skipped, but counted.
    package var isBlank: Bool {
        guard case .whole(let bytes) = self else { return false }
        return bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    }
}
