/// The lines of an input file that are not blank, with their numbers, one at a time.
package struct InputLines {
    package struct Line: Equatable {
        /// Counted from 1, blank lines included.
        package var number: Int
        package var content: LineSplitter.Line
    }

    private let file: InputFile
    private let shouldStop: @Sendable () -> Bool
    private var splitter = LineSplitter()
    private var number = 0
    private var atEnd = false

    package init(_ file: InputFile, orStopWhen shouldStop: @escaping @Sendable () -> Bool = { false }) {
        self.file = file
        self.shouldStop = shouldStop
    }

    package mutating func next() async throws -> Line? {
        while true {
            if let content = splitter.next() ?? (atEnd ? splitter.finish() : nil) {
                number += 1
                if shouldStop() { return nil }
                let line = number == 1 ? content.withoutByteOrderMark : content
                if !line.isBlank { return Line(number: number, content: line) }
            } else if atEnd {
                return nil
            } else {
                let bytes = try await file.chunk(orStopWhen: shouldStop)
                // A torn rest is no line when the reading was stopped.
                if bytes.isEmpty && shouldStop() { return nil }
                atEnd = bytes.isEmpty
                splitter.append(bytes)
            }
        }
    }
}

extension LineSplitter.Line {
    /// Some editors put a byte order mark in front of a file.
    fileprivate var withoutByteOrderMark: LineSplitter.Line {
        guard case .whole(let bytes) = self, bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return self }
        return .whole(Array(bytes.dropFirst(3)))
    }
}
