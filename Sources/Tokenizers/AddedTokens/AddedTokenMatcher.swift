import Basics

/// Finds added tokens in a text: the leftmost, and of those the longest, in time that does not depend on their number.
struct AddedTokenMatcher: Sendable {
    /// A stretch of the text; with an id it is an added token, without one it is plain text.
    struct Piece: Equatable {
        var range: Range<Int>
        var id: TokenID?
    }

    private let tokens: [AddedToken]
    /// A trie over the tokens' UTF-8: `child[node << 8 | byte]`, the root being node 0.
    private var child: [UInt64: Int] = [:]
    /// Which token ends at each node.
    private var tokenAtNode: [Int?] = [nil]
    private var startsToken = [Bool](repeating: false, count: 256)

    /// Contents must be distinct and not empty.
    init(_ tokens: [AddedToken]) {
        self.tokens = tokens
        for (index, token) in tokens.enumerated() {
            var node = 0
            for (depth, byte) in token.content.utf8.enumerated() {
                if depth == 0 { startsToken[Int(byte)] = true }
                let key = UInt64(node) << 8 | UInt64(byte)
                if let known = child[key] {
                    node = known
                } else {
                    node = tokenAtNode.count
                    child[key] = node
                    tokenAtNode.append(nil)
                }
            }
            tokenAtNode[node] = index
        }
    }

    /// Cuts the range at the added tokens in it. The bytes are valid UTF-8.
    ///
    /// Follows `tokenizers` step for step, its odd corners included: the search goes on behind the token's own text, so
    /// that a token which is itself white space is found once more inside the white space that another swallowed,
    /// unless its own stripping leaves nothing of it.
    func split(_ text: [UInt8], _ range: Range<Int>) -> [Piece] {
        guard !tokens.isEmpty, !range.isEmpty else { return range.isEmpty ? [] : [Piece(range: range)] }
        var pieces: [Piece] = []
        var done = range.lowerBound
        var search = range.lowerBound
        // The white space that was scanned last, so that no run of it is scanned once per token in it.
        var whitespace = range.lowerBound..<range.lowerBound
        while let (token, match) = firstMatch(text, search..<range.upperBound) {
            search = match.upperBound
            if token.singleWord, !standsAlone(match, text, range) { continue }
            var start = match.lowerBound
            var end = match.upperBound
            if token.stripsLeft { start = startOfWhitespace(text, before: start, notBefore: done) }
            if token.stripsRight {
                if !(whitespace.lowerBound...whitespace.upperBound).contains(end) || whitespace.isEmpty {
                    whitespace = end..<endOfWhitespace(text, from: end, before: range.upperBound)
                }
                end = whitespace.upperBound
            }
            if done < start { pieces.append(Piece(range: done..<start)) }
            if start < end { pieces.append(Piece(range: start..<end, id: token.id)) }
            done = end
        }
        if done < range.upperBound { pieces.append(Piece(range: done..<range.upperBound)) }
        return pieces
    }

    private func firstMatch(_ text: [UInt8], _ range: Range<Int>) -> (token: AddedToken, match: Range<Int>)? {
        for start in range where startsToken[Int(text[start])] {
            var node = 0
            var index = start
            var longest: (token: AddedToken, match: Range<Int>)?
            while index < range.upperBound, let next = child[UInt64(node) << 8 | UInt64(text[index])] {
                node = next
                index += 1
                if let token = tokenAtNode[node] { longest = (tokens[token], start..<index) }
            }
            if let longest { return longest }
        }
        return nil
    }

    private func standsAlone(_ match: Range<Int>, _ text: [UInt8], _ range: Range<Int>) -> Bool {
        if match.lowerBound > range.lowerBound,
            ScalarClass.isWordCharacter(UTF8Text.scalar(in: text, before: match.lowerBound).value)
        {
            return false
        }
        return match.upperBound == range.upperBound
            || !ScalarClass.isWordCharacter(UTF8Text.scalar(in: text, at: match.upperBound).value)
    }

    private func startOfWhitespace(_ text: [UInt8], before index: Int, notBefore limit: Int) -> Int {
        var start = index
        while start > limit {
            let (scalar, length) = UTF8Text.scalar(in: text, before: start)
            guard ScalarClass.isWhitespace(scalar) else { break }
            start -= length
        }
        return max(start, limit)
    }

    private func endOfWhitespace(_ text: [UInt8], from index: Int, before limit: Int) -> Int {
        var end = index
        while end < limit {
            let (scalar, length) = UTF8Text.scalar(in: text, at: end)
            guard ScalarClass.isWhitespace(scalar) else { break }
            end += length
        }
        return end
    }
}
