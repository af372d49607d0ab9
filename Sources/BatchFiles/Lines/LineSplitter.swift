import Foundation

/// Cuts a stream of bytes into lines, holding one unfinished line at most, and of one that is too long only its length.
package struct LineSplitter {
    package enum Line: Equatable {
        /// Without its newline.
        case whole([UInt8])
        case tooLong(bytes: Int)
    }

    /// A longer line is skipped, so that no input can take all memory.
    package static let defaultLimit = 64 << 20

    private let limit: Int
    private var buffer: [UInt8] = []
    /// Where the unread part of `buffer` begins.
    private var start = 0
    /// Bytes from `start` on that are known to hold no newline.
    private var scanned = 0
    /// Bytes of a line beyond the limit, dropped so far.
    private var dropped = 0

    package init(limit: Int = LineSplitter.defaultLimit) { self.limit = limit }

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next line that has its newline, or `nil`: append more.
    package mutating func next() -> Line? {
        guard let end = firstNewline(from: start + scanned) else {
            scanned = buffer.count - start
            if scanned > limit {
                dropped += scanned
                buffer.removeAll()
                start = 0
                scanned = 0
            }
            return nil
        }
        let line = take(start..<end)
        start = end + 1
        return line
    }

    /// What stands after the last newline, at the end of the stream.
    package mutating func finish() -> Line? {
        if start == buffer.count && dropped == 0 { return nil }
        let line = take(start..<buffer.count)
        start = buffer.count
        return line
    }

    private mutating func take(_ range: Range<Int>) -> Line {
        defer {
            scanned = 0
            dropped = 0
        }
        let length = dropped + range.count
        return length > limit ? .tooLong(bytes: length) : .whole(Array(buffer[range]))
    }

    private func firstNewline(from index: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard index < bytes.count, let base = bytes.baseAddress else { return nil }
            guard let found = memchr(base + index, 0x0A, bytes.count - index) else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}
