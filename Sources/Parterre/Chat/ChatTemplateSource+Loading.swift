import ChatTemplates
import Foundation
import Models
import Tokenizers

extension EngineOptions.ChatTemplateSource {
    /// Whether there is a template that can be read, or none. Reads the template's files alone.
    ///
    /// - Throws: `EngineError.badChatTemplate`.
    public func check(for model: ModelSource) throws(EngineError) { _ = try load(for: model, specialTokens: [:]) }

    /// - Parameter specialTokens: of the model, for a template that does not come with it.
    /// - Returns: `nil` where there is none.
    /// - Throws: `EngineError.badChatTemplate`.
    package func load(for model: ModelSource, specialTokens: [String: String]) throws(EngineError) -> ChatTemplate? {
        switch self {
        case .none: return nil
        case .file(let url):
            let path = url.path(percentEncoded: false)
            guard FileManager.default.fileExists(atPath: path) else {
                throw .badChatTemplate(path, reason: "there is no such file: give the chat template's file of Jinja")
            }
            guard let data = try? Data(contentsOf: url), let text = String(validating: data, as: UTF8.self) else {
                throw .badChatTemplate(path, reason: "it is no text in UTF-8: give the chat template's file of Jinja")
            }
            do {
                return try ChatTemplate(text, specialTokens: specialTokens)
            } catch {
                throw .badChatTemplate(path, reason: error.message)
            }
        case .model:
            guard let directory = model.url else { return nil }
            do {
                return try ChatTemplate.load(from: directory)
            } catch {
                throw .badChatTemplate(
                    directory.path(percentEncoded: false),
                    reason: error.message + " Without chats the model can be served all the same "
                        + "(--chat-template none, EngineOptions.ChatTemplateSource.none).")
            }
        }
    }
}

extension Engine {
    /// What the model's own tokens are called in `tokenizer_config.json`, and their texts.
    package var specialTokens: [String: String] { configuration.specialTokens(of: tokenizer) }
}

extension BloomConfiguration {
    /// What templates call the model's own tokens.
    func specialTokens(of tokenizer: Tokenizer?) -> [String: String] {
        let ids = [("bos_token", bosTokenID), ("eos_token", eosTokenIDs.first), ("pad_token", padTokenID)]
        var tokens: [String: String] = [:]
        for case (let name, let id?) in ids {
            tokens[name] = tokenizer?.decode([TokenID(id)], skipSpecialTokens: false)
        }
        return tokens
    }
}
