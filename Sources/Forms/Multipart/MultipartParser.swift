import Foundation

/// Takes a `multipart/form-data` body (RFC 7578, RFC 2046) apart as it comes, in chunks of any size. Of a part's body it holds
/// back only what may be the beginning of a delimiter, and of everything else no more than a few KiB.
package struct MultipartParser {
    package enum Event: Equatable {
        case part(PartHead)
        /// Some of the part's body; never empty.
        case body([UInt8])
        case partEnd
        /// Whatever comes behind the last delimiter is not looked at.
        case end
    }

    package static let longestBoundary = 70
    static let mostParts = 16
    static let mostHeaderBytes = 8 << 10
    /// White space that may stand between a delimiter and the end of its line.
    static let mostPadding = 256

    private enum State {
        /// In front of the first delimiter.
        case preamble
        /// Behind a delimiter.
        case delimiter
        case head
        case body
        case ended
    }

    private let delimiter: [UInt8]
    private var state = State.preamble
    private var parts = 0
    /// A line's end in front, so that the first delimiter may stand at the beginning.
    private var buffer: [UInt8] = [0x0D, 0x0A]
    /// Where the unread part of `buffer` begins.
    private var start = 0
    /// Whether the delimiter just read ended a part.
    private var endsPart = false

    package init(boundary: String) { delimiter = [0x0D, 0x0A, 0x2D, 0x2D] + boundary.utf8 }

    /// Call `next` until it has nothing more before appending more.
    package mutating func append(_ bytes: some Sequence<UInt8>) {
        if case .ended = state { return }
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// - Returns: `nil` when more bytes are needed.
    package mutating func next() throws(MultipartError) -> Event? {
        while true {
            switch state {
            case .preamble:
                guard skipBody() else { return nil }
                state = .delimiter
            case .delimiter:
                if endsPart {
                    endsPart = false
                    return .partEnd
                }
                guard let isLast = try delimiterLine() else { return nil }
                if isLast {
                    state = .ended
                    return .end
                }
                parts += 1
                if parts > Self.mostParts { throw .tooMuch }
                state = .head
            case .head:
                guard let head = try readHead() else { return nil }
                state = .body
                return .part(head)
            case .body:
                let (piece, isDelimiter) = takeBody()
                if isDelimiter {
                    endsPart = true
                    state = .delimiter
                }
                if !piece.isEmpty { return .body(Array(piece)) }
                if !isDelimiter { return nil }
            case .ended: return nil
            }
        }
    }

    /// Nothing more comes.
    ///
    /// - Throws: `MultipartError.incomplete`.
    package func finish() throws(MultipartError) {
        guard case .ended = state else { throw .incomplete }
    }

    // MARK: - Bodies

    /// What stands in front of the next delimiter, and whether that is there.
    private mutating func takeBody() -> (piece: ArraySlice<UInt8>, isDelimiter: Bool) {
        let from = start
        let (end, isWhole) = delimiterPlace()
        start = isWhole ? end + delimiter.count : end
        return (buffer[from..<end], isWhole)
    }

    /// - Returns: whether the delimiter is there.
    private mutating func skipBody() -> Bool { takeBody().isDelimiter }

    /// Where the next delimiter begins; or, when it is not there, from where on the bytes may be its beginning.
    private func delimiterPlace() -> (index: Int, isWhole: Bool) {
        buffer.withUnsafeBytes { bytes in
            var index = start
            while index < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + index, 0x0D, bytes.count - index)
            {
                index = UnsafeRawPointer(found) - base
                let count = min(delimiter.count, bytes.count - index)
                if memcmp(base + index, delimiter, count) == 0 { return (index, count == delimiter.count) }
                index += 1
            }
            return (bytes.count, false)
        }
    }

    // MARK: - Delimiters and heads

    /// Read on behind a delimiter to the end of its line.
    ///
    /// - Returns: whether it was the last one; `nil`: more bytes are needed.
    private mutating func delimiterLine() throws(MultipartError) -> Bool? {
        let rest = buffer[start...]
        if rest.starts(with: [0x2D, 0x2D]) {
            start += 2
            return true
        }
        if rest.count < 2 && rest.first.map({ $0 == 0x2D }) ?? true { return nil }
        let padding = rest.prefix { $0 == 0x20 || $0 == 0x09 }.count
        if padding > Self.mostPadding { throw .badDelimiter }
        let end = rest.dropFirst(padding).prefix(2)
        if end.elementsEqual([0x0D, 0x0A]) {
            // A part without headers has the empty line at once.
            start += padding
            return false
        }
        if end.count == 2 || end.first.map({ $0 != 0x0D }) ?? false { throw .badDelimiter }
        return nil
    }

    /// Read a part's headers. They begin with the line's end of the delimiter, and end with an empty line.
    private mutating func readHead() throws(MultipartError) -> PartHead? {
        guard let end = buffer[start...].firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A]) else {
            // Up to three bytes of the empty line may be there.
            if buffer.count - start > Self.mostHeaderBytes + 3 { throw .tooMuch }
            return nil
        }
        let lines = buffer[start..<end.lowerBound]
        if lines.count > Self.mostHeaderBytes { throw .tooMuch }
        start = end.upperBound
        guard let text = String(validating: lines, as: UTF8.self) else { throw .badHeader }
        return try PartHead(headers: text)
    }
}
