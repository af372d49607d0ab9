/// A request's stop strings, prepared for search in linear time; shared by its samples.
///
/// Knuth, Morris, Pratt, "Fast pattern matching in strings", 1977, one automaton for each string. The search is over
/// UTF-8 bytes: canonically equivalent spellings of a character are different strings, as they are to a tokenizer.
struct StopStrings: Sendable {
    struct Pattern: Sendable {
        let bytes: [UInt8]
        /// For each length of a matched prefix, the length of its longest proper suffix that is a prefix too.
        let fallback: [Int]

        init(_ text: String) {
            bytes = Array(text.utf8)
            var fallback = [0, 0]
            var length = 0
            for byte in bytes.dropFirst() {
                while length > 0, bytes[length] != byte { length = fallback[length] }
                if bytes[length] == byte { length += 1 }
                fallback.append(length)
            }
            self.fallback = fallback
        }

        /// The length of the prefix matched after one more byte; `matched` is not the whole string.
        func advance(_ matched: Int, by byte: UInt8) -> Int {
            var length = matched
            while length > 0, bytes[length] != byte { length = fallback[length] }
            return bytes[length] == byte ? length + 1 : 0
        }
    }

    let patterns: [Pattern]

    /// - Parameter strings: none of them empty.
    init(_ strings: [String]) {
        precondition(!strings.contains(where: \.isEmpty), "parameters were not validated")
        patterns = strings.map(Pattern.init)
    }
}
