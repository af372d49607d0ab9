import Basics
import Tokenizers

/// Turns a growing list of tokens into text, in whole characters.
protocol IncrementalDetokenizer: Sendable {
    /// Text that became certain with this token.
    mutating func append(_ id: TokenID) -> String
    /// What was still held back.
    mutating func finish() -> String
}

extension StreamingDetokenizer: IncrementalDetokenizer {}
