import Basics

/// The file's `model`: vocabulary and merges in their tables, the small settings as trees.
struct ModelSection {
    private(set) var vocabulary: Vocabulary?
    private(set) var merges: MergeTable?
    private var settings: [String: JSONValue] = [:]

    /// Reads the object before which the reader stands.
    /// - Throws: `JSONReader.Failure` or `TokenizerError`
    init(_ reader: inout JSONReader, file: String) throws {
        var key: [UInt8] = []
        var mergesBeforeVocabulary: Int?
        try reader.openObject()
        while try reader.nextKey(into: &key) {
            switch try reader.text(key) {
            case "vocab":
                // Some other models have a list here; their "type" tells the reader more than this would.
                if try reader.peek() == .object {
                    vocabulary = try Self.readVocabulary(&reader, file: file)
                } else {
                    try reader.skipValue()
                }
            case "merges":
                if let vocabulary {
                    merges = try MergeReader(vocabulary, file: file).read(&reader)
                } else {
                    mergesBeforeVocabulary = reader.position
                    try reader.skipValue()
                }
            case let name: settings[name] = try reader.readValue()
            }
        }
        if let mergesBeforeVocabulary, let vocabulary {
            var rereader = JSONReader(reader.bytes, from: mergesBeforeVocabulary)
            merges = try MergeReader(vocabulary, file: file).read(&rereader)
        }
    }

    subscript(name: String) -> JSONValue { settings[name] ?? .null }

    private static func readVocabulary(_ reader: inout JSONReader, file: String) throws -> Vocabulary {
        // A token of BLOOM's file takes about 58 bytes, merges included.
        var vocabulary = Vocabulary(expectedCount: (reader.bytes.count - reader.position) / 58)
        let idLimit = Vocabulary.idLimit(fileBytes: reader.bytes.count)
        var text: [UInt8] = []
        var token: [UInt8] = []
        func broken(_ reason: String) -> TokenizerError {
            .invalid(
                file: file, element: "model.vocab",
                reason: "token \(quoted(String(decoding: text, as: UTF8.self))) \(reason)")
        }
        try reader.openObject()
        while try reader.nextKey(into: &text) {
            guard try reader.peek() == .number, let id = try reader.readInteger() else {
                throw broken("has an id that is not an integer")
            }
            guard (0..<idLimit).contains(id) else {
                throw broken("has the id \(id), which is not between 0 and \(idLimit - 1)")
            }
            token.removeAll(keepingCapacity: true)
            let isForeign = !ByteAlphabet.appendBytes(of: text, in: text.indices, to: &token)
            if isForeign {
                _ = try reader.text(text)
                token.append(contentsOf: text)
            }
            do throws(Vocabulary.Refusal) {
                try vocabulary.insert(token, isForeign: isForeign, id: id)
            } catch {
                switch error {
                case .tokenRepeated: throw broken("is there twice")
                case .idTaken: throw broken("has the id \(id), which another token has too")
                }
            }
        }
        return vocabulary
    }
}
