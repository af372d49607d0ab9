public import Basics

/// Why a `tokenizer.json` cannot be used; every case names the file.
public enum TokenizerError: UserFacingError, Equatable {
    /// The file is missing or cannot be read.
    case unreadable(file: String, reason: String)
    /// The file is not JSON (or ends too early); `offset` counts bytes from 0.
    case notJSON(file: String, offset: Int, reason: String)
    /// The file asks for something this tokenizer does not do. Going on would give other ids than the model expects.
    case unsupported(file: String, element: String, found: String)
    /// The file contradicts itself or lacks something.
    case invalid(file: String, element: String, reason: String)

    public var message: String {
        switch self {
        case .unreadable(let file, let reason):
            "The tokenizer file \(printable(file)) cannot be read: \(reason)."
        case .notJSON(let file, let offset, let reason):
            "The tokenizer file \(printable(file)) is not valid JSON at byte \(offset): \(reason)."
        case .unsupported(let file, let element, let found):
            "The tokenizer file \(printable(file)) asks for \(element) = \(found), which is not supported: "
                + "only BLOOM-style byte-level BPE is."
        case .invalid(let file, let element, let reason):
            "The tokenizer file \(printable(file)) is broken in \(element): \(reason)."
        }
    }
}
