import Basics

/// A token that is found in the text itself, before any other step, such as `</s>`.
struct AddedToken: Sendable, Equatable {
    var id: TokenID
    var content: String
    /// It only counts where no word character stands beside it.
    var singleWord: Bool
    /// It swallows the white space on its left.
    var stripsLeft: Bool
    /// It swallows the white space on its right.
    var stripsRight: Bool
    /// It is looked for after normalisation, in what the others left over. BLOOM has no normaliser, so only this
    /// order remains of it.
    var normalized: Bool
    /// Decoding can skip it.
    var special: Bool
}
