import Foundation

/// What an output file holds before a run.
package struct OutputContents: Equatable, Sendable {
    package var finished = FinishedWork()
    /// Bytes up to the end of the last whole line.
    package var keptBytes = 0
    /// Bytes behind them that are no whole line: a process was killed while it wrote them.
    package var tornBytes = 0
    /// The last line is whole but for its newline.
    package var lacksNewline = false

    /// Read a file that an earlier run has written.
    ///
    /// - Throws: `FileError.unusable` when a line in it is not one of ours.
    package init(of path: String) throws {
        self = try Self.withChunks(of: path) { try OutputContents(path, chunks: $0) }
    }

    /// - Parameters:
    ///   - name: how errors call the file.
    ///   - chunks: its bytes, piece by piece; nothing at its end.
    init(_ name: String, chunks: () throws -> Data?) throws {
        var number = 0
        var offset = 0
        try Self.forEachLine(chunks) { bytes, hasNewline in
            number += 1
            let record = OutputRecord(bytes)
            if let record {
                finished.add(record)
            } else if hasNewline && !bytes.isEmpty {
                throw FileError.unusable(
                    "\(name), line \(number), is not a line that parterre generate writes: give another --output")
            }
            offset += bytes.count + (hasNewline ? 1 : 0)
            if hasNewline || record != nil {
                keptBytes = offset
                lacksNewline = !hasNewline
            }
        }
        tornBytes = offset - keptBytes
    }

    package init() {}

    /// Copy the whole lines that are no failures.
    package static func copyWithoutFailures(of path: String, to descriptor: Int32) throws {
        let writer = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        try withChunks(of: path) { chunks in
            try forEachLine(chunks) { bytes, _ in
                if OutputRecord(bytes)?.isFailure == false { try writer.write(contentsOf: Data(bytes + [0x0A])) }
            }
        }
    }

    private static func withChunks<Result>(
        of path: String, _ read: (_ chunks: () throws -> Data?) throws -> Result
    ) throws -> Result {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }
        return try read { try file.read(upToCount: 1 << 20) }
    }

    private static func forEachLine(
        _ chunks: () throws -> Data?, _ visit: ([UInt8], _ hasNewline: Bool) throws -> Void
    ) throws {
        // An output line may be longer than any input line: it holds log-probabilities.
        var splitter = LineSplitter(limit: .max)
        while let bytes = try chunks(), !bytes.isEmpty {
            splitter.append(bytes)
            while case .whole(let line) = splitter.next() { try visit(line, true) }
        }
        if case .whole(let line) = splitter.finish() { try visit(line, false) }
    }
}
