import Basics

/// Reads `model.merges`, written as `"a b"` or as `["a", "b"]`, into a table of ids.
struct MergeReader {
    private let vocabulary: Vocabulary
    private let file: String

    init(_ vocabulary: Vocabulary, file: String) {
        self.vocabulary = vocabulary
        self.file = file
    }

    /// - Throws: `JSONReader.Failure` or `TokenizerError`
    func read(_ reader: inout JSONReader) throws -> MergeTable {
        var table = MergeTable(expectedCount: vocabulary.count)
        var rank = 0
        // Both parts' text one behind the other, and where the second begins.
        var text: [UInt8] = []
        var part: [UInt8] = []
        var bytes: [UInt8] = []
        try reader.openArray()
        while try reader.nextElement() {
            var cut = 0
            if try reader.peek() == .string {
                try reader.readString(into: &text)
                if text.starts(with: "#version".utf8) { continue }
                guard let space = text.firstIndex(of: 0x20), !text[(space + 1)...].contains(0x20) else {
                    throw broken(rank, "\(quoted(text[...])) is not two tokens and one space")
                }
                text.remove(at: space)
                cut = space
            } else {
                text.removeAll(keepingCapacity: true)
                var parts = 0
                try reader.openArray()
                while try reader.nextElement() {
                    try reader.readString(into: &part)
                    text.append(contentsOf: part)
                    parts += 1
                    if parts == 1 { cut = text.count }
                }
                guard parts == 2 else { throw broken(rank, "it has \(parts) parts instead of two") }
            }
            try insert(text, cut, rank, &bytes, &table)
            rank += 1
        }
        return table
    }

    private func insert(
        _ text: [UInt8], _ cut: Int, _ rank: Int, _ bytes: inout [UInt8], _ table: inout MergeTable
    ) throws(TokenizerError) {
        bytes.removeAll(keepingCapacity: true)
        let leftIsPlain = ByteAlphabet.appendBytes(of: text, in: 0..<cut, to: &bytes)
        let middle = bytes.count
        let rightIsPlain = ByteAlphabet.appendBytes(of: text, in: cut..<text.count, to: &bytes)
        let left =
            leftIsPlain ? find(bytes, 0..<middle, isForeign: false) : find(text, 0..<cut, isForeign: true)
        guard let left else { throw unknownToken(rank, text[..<cut]) }
        let right =
            rightIsPlain
            ? find(bytes, middle..<bytes.count, isForeign: false) : find(text, cut..<text.count, isForeign: true)
        guard let right else { throw unknownToken(rank, text[cut...]) }
        let isPlain = leftIsPlain && rightIsPlain
        let token =
            isPlain
            ? find(bytes, bytes.indices, isForeign: false) : find(text, text.indices, isForeign: true)
        guard let token else { throw unknownToken(rank, text[...]) }
        table.insert(left: Int32(left), right: Int32(right), rank: rank, token: Int32(token))
    }

    private func find(_ source: [UInt8], _ range: Range<Int>, isForeign: Bool) -> Int? {
        source.withUnsafeBufferPointer {
            vocabulary.find(bytes: UnsafeBufferPointer(rebasing: $0[range]), isForeign: isForeign)
        }
    }

    private func unknownToken(_ rank: Int, _ text: ArraySlice<UInt8>) -> TokenizerError {
        broken(rank, "the vocabulary has no token \(quoted(text))")
    }

    private func quoted(_ text: ArraySlice<UInt8>) -> String { Basics.quoted(String(decoding: text, as: UTF8.self)) }

    private func broken(_ rank: Int, _ reason: String) -> TokenizerError {
        .invalid(file: file, element: "model.merges[\(rank)]", reason: reason)
    }
}
