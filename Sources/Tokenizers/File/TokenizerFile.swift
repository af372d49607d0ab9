import Basics
import Foundation

/// A `tokenizer.json`, read and checked: everything that a tokenizer is made of.
struct TokenizerFile {
    var preTokenizer: PreTokenizer
    /// In the file's order, without empty ones.
    var addedTokens: [AddedToken]
    /// Tokens of the model and added ones.
    var vocabulary: Vocabulary
    var model: BytePairEncoder

    /// - Throws: `TokenizerError`
    init(contentsOf url: URL) throws(TokenizerError) {
        let file = url.path(percentEncoded: false)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory) else {
            throw .unreadable(file: file, reason: "there is no such file")
        }
        guard !isDirectory.boolValue else { throw .unreadable(file: file, reason: "it is a directory") }
        let data: Data
        do {
            data = try Data(contentsOf: url, options: .mappedIfSafe)
        } catch {
            throw .unreadable(file: file, reason: error.localizedDescription)
        }
        try self.init([UInt8](data), file: file)
    }

    /// - Parameter file: how errors name the source of the bytes.
    init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
        let sections = try FileSections(bytes, file: file)
        let check = FileCheck(file: file, idLimit: Vocabulary.idLimit(fileBytes: bytes.count))
        try check.normalizer(sections["normalizer"])
        try check.postProcessor(sections["post_processor"])
        try check.decoder(sections["decoder"])
        preTokenizer = try check.preTokenizer(sections["pre_tokenizer"])
        guard let section = sections.model else {
            throw .invalid(file: file, element: "its outline", reason: "it has no model")
        }
        (vocabulary, model) = try check.model(section)
        addedTokens = try check.addedTokens(sections["added_tokens"], &vocabulary)
        if vocabulary.endID == 0 {
            throw .invalid(file: file, element: "model.vocab", reason: "it has no tokens")
        }
    }
}

/// The file's top level: the model streamed into tables, the rest as small trees.
struct FileSections {
    private var values: [String: JSONValue] = [:]
    private(set) var model: ModelSection?

    init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
        var reader = JSONReader(bytes)
        do {
            var key: [UInt8] = []
            try reader.openObject()
            while try reader.nextKey(into: &key) {
                let name = try reader.text(key)
                if name == "model", try reader.peek() == .object {
                    model = try ModelSection(&reader, file: file)
                } else {
                    values[name] = try reader.readValue()
                }
            }
            try reader.expectEnd()
        } catch let error as JSONReader.Failure {
            throw .notJSON(file: file, offset: error.offset, reason: error.reason)
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw .unreadable(file: file, reason: "\(error)")
        }
    }

    subscript(name: String) -> JSONValue { values[name] ?? .null }
}
