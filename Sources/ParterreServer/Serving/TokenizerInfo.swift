public import Foundation
public import Parterre

/// What `/tokenizer_info` says, in vLLM's form: the model's `tokenizer_config.json` with the tokenizer's class, and without what
/// names files of the publisher's machine.
public struct TokenizerInfo: Sendable {
    private static let paths: Set<String> = [
        "vocab_file", "merges_file", "tokenizer_file", "special_tokens_map_file", "name_or_path",
    ]

    /// A JSON object.
    package let json: String

    /// - Parameters:
    ///   - directory: the model's; `nil`, or without a `tokenizer_config.json` that can be read: only what the engine knows.
    public init(directory: URL?, engine: Engine) {
        var fields = directory.flatMap(Self.configuration) ?? [:]
        for path in Self.paths { fields[path] = nil }
        for (name, value) in fields { fields[name] = Self.plain(value) }
        if !(fields["tokenizer_class"] is String) { fields["tokenizer_class"] = "PreTrainedTokenizerFast" }
        for (name, text) in engine.specialTokens where !(fields[name] is String) { fields[name] = text }
        let data = try? JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes])
        json = String(decoding: data ?? Data("{}".utf8), as: UTF8.self)
    }

    private static func configuration(in directory: URL) -> [String: Any]? {
        let file = directory.appending(path: "tokenizer_config.json")
        return (try? Data(contentsOf: file)).flatMap { try? JSONSerialization.jsonObject(with: $0) as? [String: Any] }
    }

    /// A token as its text: some files write it down with how it is matched.
    private static func plain(_ value: Any) -> Any { (value as? [String: Any])?["content"] as? String ?? value }
}
