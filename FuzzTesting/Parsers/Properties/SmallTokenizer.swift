import Basics

@testable import Tokenizers

/// A tokenizer written here, so that the fuzzers need no file: a token for each byte, its id the byte, then one per merge.
struct SmallTokenizer: Sendable {
    enum Kind: CaseIterable {
        /// BLOOM's pattern, with a special token.
        case bloom
        /// GPT-2's.
        case gpt2
        /// One word, a space put in front of it, words taken whole.
        case spaced
        /// Added tokens that swallow white space beside them.
        case stripping
    }

    let kind: Kind
    let tokenizer: Tokenizer

    static let all = Kind.allCases.map(SmallTokenizer.init)

    /// Pairs in the order of their rank; no two give the same token.
    private static let merges: [(left: [UInt8], right: [UInt8])] =
        [
            ("a", "b"), ("b", "a"), ("ab", "ab"), ("ba", "b"), ("a", "a"), (" ", "t"), ("h", "e"), (" t", "he"),
            ("i", "n"), (" ", " "), ("  ", "  "), ("abab", "abab"), ("c", "ab"), ("l", "l"), ("e", "r"), ("1", "2"),
            ("(", ")"), ("aa", "aa"), ("'", "s"), ("\n", "\n"),
        ].map { (Array($0.utf8), Array($1.utf8)) }
        + [([0xC3], [0xA9]), ([0xF0], [0x9F]), ([0xF0, 0x9F], [0x8C]), ([0x8C], [0xB1])]

    private init(_ kind: Kind) {
        self.kind = kind
        do {
            tokenizer = Tokenizer(try TokenizerFile(Array(Self.text(kind).utf8), file: "tokenizer.json"))
        } catch {
            fatalError("\(kind): \(error.message)")
        }
    }

    // MARK: As a file

    private static func text(_ kind: Kind) -> String {
        var tokens = (0...255 as ClosedRange<UInt8>).map { "\"\(letters([$0]))\":\($0)" }
        var pairs: [String] = []
        for (rank, merge) in merges.enumerated() {
            tokens.append("\"\(letters(merge.left + merge.right))\":\(256 + rank)")
            pairs.append("[\"\(letters(merge.left))\",\"\(letters(merge.right))\"]")
        }
        return """
            {"added_tokens":[\(addedTokens(kind))],"normalizer":null,"pre_tokenizer":\(preTokenizer(kind)),
            "post_processor":null,"decoder":{"type":"ByteLevel"},
            "model":{"type":"BPE","ignore_merges":\(kind == .spaced),"vocab":{\(tokens.joined(separator: ","))},
            "merges":[\(pairs.joined(separator: ","))]}}
            """
    }

    private static func preTokenizer(_ kind: Kind) -> String {
        let last =
            #"{"type":"ByteLevel","add_prefix_space":\#(kind == .spaced),"use_regex":\#(kind == .gpt2 || kind == .stripping)}"#
        guard kind == .bloom else { return last }
        let split =
            #"{"type":"Split","pattern":{"Regex":"\#(WordPattern.bloomExpression.replacing("\\", with: "\\\\"))"},"behavior":"Isolated","invert":false}"#
        return #"{"type":"Sequence","pretokenizers":[\#(split),\#(last)]}"#
    }

    private static func addedTokens(_ kind: Kind) -> String {
        func token(_ id: Int, _ content: String, _ set: String...) -> String {
            let flags = ["single_word", "lstrip", "rstrip", "normalized", "special"].map {
                "\"\($0)\":\(set.contains($0))"
            }
            return "{\"id\":\(id),\"content\":\"\(content)\",\(flags.joined(separator: ","))}"
        }
        switch kind {
        case .bloom: return token(300, "<s>", "special")
        case .gpt2, .spaced: return ""
        case .stripping:
            return [
                token(300, "<s>", "lstrip", "special"), token(301, "</s>", "rstrip", "special"),
                token(302, "<mask>", "lstrip", "rstrip"), token(256, "ab", "single_word"),
                token(304, "  ", "normalized"), token(305, "\\n", "lstrip", "rstrip", "normalized"),
            ].joined(separator: ",")
        }
    }

    /// The characters by which GPT-2's alphabet writes bytes, escaped for JSON.
    private static func letters(_ bytes: [UInt8]) -> String {
        let printable: Set<UInt8> = Set(0x21...0x7E).union(0xA1...0xAC).union(0xAE...0xFF)
        return bytes.map { byte in
            let scalar = printable.contains(byte) ? Int(byte) : 0x100 + (0..<byte).count { !printable.contains($0) }
            let digits = String(scalar, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    // MARK: The plainest encoding

    /// The ids of `.bloom` by the definition: of all pairs side by side in a word the first of lowest rank merges, until
    /// no pair does.
    static func plainEncoding(_ text: String) -> [TokenID] {
        let bytes = Array(text.utf8)
        var ids: [TokenID] = []
        for piece in AddedTokenMatcher([special]).split(bytes, bytes.indices) {
            if let id = piece.id {
                ids.append(id)
                continue
            }
            var start = piece.range.lowerBound
            while start < piece.range.upperBound {
                let end = WordPattern.bloom.endOfWord(in: bytes, from: start, before: piece.range.upperBound)
                ids += plainMerging(bytes[start..<end])
                start = end
            }
        }
        return ids
    }

    private static let special = AddedToken(
        id: 300, content: "<s>", singleWord: false, stripsLeft: false, stripsRight: false, normalized: false,
        special: true)

    private static let ranks = Dictionary(
        uniqueKeysWithValues: merges.enumerated().map { ([$1.left, $1.right], $0) })
    private static let merged = Dictionary(
        uniqueKeysWithValues: merges.enumerated().map { ($1.left + $1.right, TokenID(256 + $0)) })

    private static func plainMerging(_ word: ArraySlice<UInt8>) -> [TokenID] {
        var symbols = word.map { [$0] }
        while true {
            var best: (rank: Int, place: Int)?
            for place in symbols.indices.dropLast() {
                guard let rank = ranks[[symbols[place], symbols[place + 1]]] else { continue }
                if rank < best?.rank ?? .max { best = (rank, place) }
            }
            guard let best else { return symbols.map { merged[$0] ?? TokenID(Int($0[0])) } }
            symbols[best.place] += symbols.remove(at: best.place + 1)
        }
    }
}
