/// The file's pre-tokenizer: an optional split, then `ByteLevel`, which may add a space in front of each part and
/// split once more.
struct PreTokenizer: Sendable, Equatable {
    var split: WordPattern
    var addsPrefixSpace: Bool
    var byteLevelSplit: WordPattern
}
