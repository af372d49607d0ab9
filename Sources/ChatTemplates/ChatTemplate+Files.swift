public import Foundation

extension ChatTemplate {
    /// The template of a model's folder; `nil` where it has none.
    ///
    /// It is looked for in `chat_template.jinja`, in `tokenizer_config.json` (a string, or a list of which the one named `default`
    /// is taken), then in `chat_template.json`; special tokens are those of `special_tokens_map.json` and `tokenizer_config.json`.
    public static func load(from directory: URL) throws(ChatTemplateError) -> ChatTemplate? {
        let settings = try TokenizerSettings(directory.appending(path: "tokenizer_config.json"))
        guard let (source, name) = try source(in: directory, settings) else { return nil }
        var tokens = try TokenizerSettings(directory.appending(path: "special_tokens_map.json"))?.tokens ?? [:]
        for (token, text) in settings?.tokens ?? [:] { tokens[token] = text }
        do {
            return try ChatTemplate(source, specialTokens: tokens)
        } catch .syntax(let line, let reason) {
            throw .file(name, "its chat template cannot be read, line \(line): \(reason)")
        }
    }

    private static func source(
        in directory: URL, _ settings: TokenizerSettings?
    ) throws(ChatTemplateError) -> (text: String, file: String)? {
        let jinja = directory.appending(path: "chat_template.jinja")
        if let bytes = try SettingsFile.read(jinja, atMost: largestSource) {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .file(jinja.path(percentEncoded: false), "it is not UTF-8")
            }
            return (text, jinja.path(percentEncoded: false))
        }
        if let settings, let text = try settings.template { return (text, settings.path) }
        let other = try TokenizerSettings(directory.appending(path: "chat_template.json"))
        if let other, let text = try other.template { return (text, other.path) }
        return nil
    }
}

/// What a JSON file beside a tokenizer says about chats.
private struct TokenizerSettings {
    let path: String
    private let members: KeyedDecodingContainer<Key>

    /// As large as a tokenizer's settings with all its added tokens get, and a few times more.
    private static let largestFile = 64 << 20

    /// - Returns: `nil` where there is no such file.
    init?(_ file: URL) throws(ChatTemplateError) {
        guard let bytes = try SettingsFile.read(file, atMost: Self.largestFile) else { return nil }
        path = file.path(percentEncoded: false)
        do {
            members = try JSONDecoder().decode(Members.self, from: bytes).members
        } catch DecodingError.dataCorrupted {
            throw .file(path, "it is not valid JSON")
        } catch {
            throw .file(path, "it does not hold a JSON object")
        }
    }

    /// Every `…_token` that is a string or an object with `content`.
    var tokens: [String: String] {
        var tokens: [String: String] = [:]
        for key in members.allKeys where key.stringValue.hasSuffix("_token") {
            if let text = try? members.decode(String.self, forKey: key) {
                tokens[key.stringValue] = text
            } else if let token = try? members.decode(AddedToken.self, forKey: key) {
                tokens[key.stringValue] = token.content
            }
        }
        return tokens
    }

    var template: String? {
        get throws(ChatTemplateError) {
            let key = Key(stringValue: "chat_template")
            guard members.contains(key), (try? members.decodeNil(forKey: key)) != true else { return nil }
            if let text = try? members.decode(String.self, forKey: key) { return text }
            guard let named = try? members.decode([NamedTemplate].self, forKey: key) else {
                throw .file(path, "chat_template must be a string, or a list of objects with name and template")
            }
            if named.isEmpty { return nil }
            guard let standard = named.first(where: { $0.name == "default" }) else {
                throw .file(path, "chat_template is a list in which none is named default")
            }
            return standard.template
        }
    }

    private struct AddedToken: Decodable {
        let content: String
    }

    private struct NamedTemplate: Decodable {
        let name: String
        let template: String
    }

    private struct Members: Decodable {
        let members: KeyedDecodingContainer<Key>

        init(from decoder: any Decoder) throws { members = try decoder.container(keyedBy: Key.self) }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

private enum SettingsFile {
    /// - Returns: the file's bytes; `nil` where there is none.
    static func read(_ file: URL, atMost limit: Int) throws(ChatTemplateError) -> Data? {
        let path = file.path(percentEncoded: false)
        guard (try? FileManager.default.attributesOfItem(atPath: path)) != nil else { return nil }
        do {
            // Hugging Face's cache consists of links.
            let target = file.resolvingSymlinksInPath().path(percentEncoded: false)
            let attributes = try FileManager.default.attributesOfItem(atPath: target)
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw ChatTemplateError.file(path, "it is not a plain file")
            }
            let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
            guard size <= limit else {
                throw ChatTemplateError.file(path, "it has \(size) bytes, more than \(limit)")
            }
            return try Data(contentsOf: URL(filePath: target))
        } catch let error as ChatTemplateError {
            throw error
        } catch {
            throw .file(path, "it cannot be read")
        }
    }
}
