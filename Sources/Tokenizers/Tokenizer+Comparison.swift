public import Basics

extension Tokenizer {
    /// The least id that does not stand for the same text in the other tokenizer; `nil` where all do.
    public func firstDifference(from other: Tokenizer) -> TokenID? {
        var own: [UInt8] = []
        var others: [UInt8] = []
        for id in 0..<max(vocabularySize, other.vocabularySize) {
            let id = TokenID(id)
            own.removeAll(keepingCapacity: true)
            others.removeAll(keepingCapacity: true)
            append(id, to: &own, skipSpecialTokens: false)
            other.append(id, to: &others, skipSpecialTokens: false)
            if own != others || isSpecial(id) != other.isSpecial(id) { return id }
        }
        return nil
    }
}
