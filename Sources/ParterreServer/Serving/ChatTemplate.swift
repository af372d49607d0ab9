public import Foundation

/// Where Hugging Face keeps a model's chat template: a file of its own, or a field of `tokenizer_config.json`.
public enum ChatTemplate {
    /// - Parameter directory: the model's.
    public static func exists(in directory: URL) -> Bool {
        let file = directory.appending(path: "chat_template.jinja")
        if FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) { return true }
        guard let data = try? Data(contentsOf: directory.appending(path: "tokenizer_config.json")),
            let fields = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        else { return false }
        return fields["chat_template"] != nil && !(fields["chat_template"] is NSNull)
    }
}
