import Basics

/// Turns the file's settings into ours and refuses whatever would lead to other ids than the file means.
///
/// `truncation` and `padding` are not looked at: they are leftovers of some batch that the file was saved after, and
/// the caller decides about both.
struct FileCheck {
    let file: String
    let idLimit: Int

    func normalizer(_ value: JSONValue) throws(TokenizerError) {
        switch value {
        case .null: return
        case .object where value["type"].string == "Sequence" && value["normalizers"] == .array([]): return
        default: throw unsupported("normalizer", value)
        }
    }

    /// `ByteLevel` only moves offsets; a template would add tokens.
    func postProcessor(_ value: JSONValue) throws(TokenizerError) {
        guard value == .null || value["type"].string == "ByteLevel" else { throw unsupported("post_processor", value) }
    }

    func decoder(_ value: JSONValue) throws(TokenizerError) {
        guard value["type"].string == "ByteLevel" else { throw unsupported("decoder", value) }
    }

    // MARK: Pre-tokenizer

    func preTokenizer(_ value: JSONValue) throws(TokenizerError) -> PreTokenizer {
        let steps: [JSONValue]
        if value["type"].string == "Sequence" {
            guard let listed = value["pretokenizers"].array else {
                throw invalid("pre_tokenizer", "a Sequence without its list pretokenizers")
            }
            steps = listed
        } else {
            steps = [value]
        }
        guard let last = steps.last, last["type"].string == "ByteLevel" else {
            throw unsupported("pre_tokenizer", found: steps.last?.summary ?? "an empty Sequence")
        }
        var split = WordPattern.whole
        switch steps.count {
        case 1: break
        case 2: split = try self.split(steps[0])
        default: throw unsupported("pre_tokenizer", found: "a Sequence of \(steps.count) steps")
        }
        let usesPattern = try flag(last, "use_regex", "pre_tokenizer", absent: true)
        return PreTokenizer(
            split: split,
            addsPrefixSpace: try flag(last, "add_prefix_space", "pre_tokenizer", absent: nil),
            byteLevelSplit: usesPattern ? .gpt2 : .whole)
    }

    private func split(_ value: JSONValue) throws(TokenizerError) -> WordPattern {
        guard value["type"].string == "Split" else { throw unsupported("pre_tokenizer", value) }
        guard value["pattern"]["Regex"].string == WordPattern.bloomExpression else {
            let pattern = value["pattern"]
            let shown = pattern["Regex"] == .null ? pattern["String"] : pattern["Regex"]
            throw unsupported("pre_tokenizer Split pattern", shown)
        }
        guard value["behavior"].string == "Isolated" else {
            throw unsupported("pre_tokenizer Split behavior", value["behavior"])
        }
        // With another behaviour inverting matters; with Isolated the pieces are the same. Only BLOOM's form is known
        // to be right, so anything else is refused all the same.
        guard value["invert"] == .bool(false) || value["invert"] == .null else {
            throw unsupported("pre_tokenizer Split invert", value["invert"])
        }
        return .bloom
    }

    // MARK: Model

    func model(_ section: ModelSection) throws(TokenizerError) -> (Vocabulary, BytePairEncoder) {
        guard section["type"].string == "BPE" else { throw unsupported("model.type", section["type"]) }
        guard let vocabulary = section.vocabulary else { throw invalid("model", "it has no vocabulary") }
        guard let merges = section.merges else { throw invalid("model", "it has no merges") }
        switch section["dropout"] {
        case .null, .number(0): break
        case let other: throw unsupported("model.dropout", other)
        }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            guard section[name] == .null || section[name].string == "" else {
                throw unsupported("model.\(name)", section[name])
            }
        }
        let fuses = try flag(section["fuse_unk"], "model.fuse_unk", absent: false)
        let ignoresMerges = try flag(section["ignore_merges"], "model.ignore_merges", absent: false)
        let fallsBack = try flag(section["byte_fallback"], "model.byte_fallback", absent: false)

        // Neither matters to a vocabulary that has a token for each byte, as byte-level ones do.
        var unknown: BytePairEncoder.Unknown?
        if !(0...255).allSatisfy({ vocabulary.find([$0]) != nil }) {
            if fallsBack { throw unsupported("model.byte_fallback", found: "true without a token for each byte") }
            switch section["unk_token"] {
            case .null: break
            case .string(let text):
                guard let token = find(text, in: vocabulary) else {
                    throw invalid("model.unk_token", "the vocabulary has no token \(quoted(text))")
                }
                unknown = BytePairEncoder.Unknown(token: Int32(token), fuses: fuses)
            case let other: throw unsupported("model.unk_token", other)
            }
        }
        let encoder = BytePairEncoder(
            vocabulary: vocabulary, merges: merges, unknown: unknown, ignoresMerges: ignoresMerges)
        return (vocabulary, encoder)
    }

    // MARK: Added tokens

    /// Reads the list, and adds to the vocabulary the tokens that the model does not have.
    func addedTokens(_ value: JSONValue, _ vocabulary: inout Vocabulary) throws(TokenizerError) -> [AddedToken] {
        if value == .null { return [] }
        guard let list = value.array else { throw invalid("added_tokens", "it is not a list") }
        var tokens: [AddedToken] = []
        // Compared by their UTF-8, as `tokenizers` does: Swift's strings take canonical equivalents for equal.
        var seen: Set<[UInt8]> = []
        for (index, entry) in list.enumerated() {
            let place = "added_tokens[\(index)]"
            guard let content = entry["content"].string else { throw invalid(place, "it has no text content") }
            if content.isEmpty { continue }
            guard let id = entry["id"].integer, (0..<idLimit).contains(id) else {
                throw invalid(
                    place,
                    "\(quoted(content)) has no id between 0 and \(idLimit - 1) (found \(entry["id"].summary))")
            }
            guard seen.insert(Array(content.utf8)).inserted else {
                throw invalid(place, "\(quoted(content)) is there twice")
            }
            try enter(content, id: id, place, &vocabulary)
            tokens.append(
                AddedToken(
                    id: TokenID(id), content: content,
                    singleWord: try flag(entry, "single_word", place, absent: nil),
                    stripsLeft: try flag(entry, "lstrip", place, absent: nil),
                    stripsRight: try flag(entry, "rstrip", place, absent: nil),
                    normalized: try flag(entry, "normalized", place, absent: nil),
                    special: try flag(entry, "special", place, absent: nil)))
        }
        return tokens
    }

    private func enter(
        _ content: String, id: Int, _ place: String, _ vocabulary: inout Vocabulary
    ) throws(TokenizerError) {
        if let known = find(content, in: vocabulary) {
            guard known == id else {
                throw invalid(place, "\(quoted(content)) has the id \(id) here but \(known) in the vocabulary")
            }
            return
        }
        var bytes: [UInt8] = []
        let text = Array(content.utf8)
        if !ByteAlphabet.appendBytes(of: text, in: text.indices, to: &bytes) { bytes = text }
        do throws(Vocabulary.Refusal) {
            try vocabulary.insertUnsearchable(bytes, id: id)
        } catch {
            throw invalid(place, "\(quoted(content)) has the id \(id), which another token has too")
        }
    }

    // MARK: Pieces

    private func find(_ text: String, in vocabulary: Vocabulary) -> Int? {
        let text = Array(text.utf8)
        var bytes: [UInt8] = []
        return ByteAlphabet.appendBytes(of: text, in: text.indices, to: &bytes)
            ? vocabulary.find(bytes[...]) : vocabulary.find(text[...], isForeign: true)
    }

    private func flag(
        _ object: JSONValue, _ name: String, _ place: String, absent: Bool?
    ) throws(TokenizerError) -> Bool {
        try flag(object[name], "\(place).\(name)", absent: absent)
    }

    /// - Parameter absent: the meaning of a missing flag; nil where the file must have it.
    private func flag(_ value: JSONValue, _ place: String, absent: Bool?) throws(TokenizerError) -> Bool {
        if let flag = value.bool { return flag }
        if value == .null, let absent { return absent }
        throw invalid(place, "true or false is expected, not \(value.summary)")
    }

    private func unsupported(_ element: String, _ value: JSONValue) -> TokenizerError {
        unsupported(element, found: value.summary)
    }

    private func unsupported(_ element: String, found: String) -> TokenizerError {
        .unsupported(file: file, element: element, found: found)
    }

    private func invalid(_ element: String, _ reason: String) -> TokenizerError {
        .invalid(file: file, element: element, reason: reason)
    }
}
