import Basics

struct NumberedText {
    var tokens: [TokenID] = []
    /// Of the text up to and with each token.
    var numbers: [UInt32] = []
}

/// A number for every text that was ever seen, and for each of its beginnings: equal numbers, equal texts.
struct TextNumbers {
    private struct Step: Hashable {
        var text: UInt32
        var token: TokenID
    }

    private var numbers: [Step: UInt32] = [:]

    /// Make a text longer.
    mutating func extend(_ text: inout NumberedText, by tokens: [TokenID]) {
        for token in tokens {
            text.tokens.append(token)
            text.numbers.append(number(after: text.numbers.last ?? 0, token))
        }
    }

    /// The number of a text with one more token. The empty text is 0.
    private mutating func number(after text: UInt32, _ token: TokenID) -> UInt32 {
        let step = Step(text: text, token: token)
        if let number = numbers[step] { return number }
        let number = UInt32(numbers.count + 1)
        numbers[step] = number
        return number
    }
}
