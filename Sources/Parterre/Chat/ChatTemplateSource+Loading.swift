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
    func load(for model: ModelSource, specialTokens: [String: String]) throws(EngineError) -> ChatTemplate? {
        switch self {
        case .none: return nil
        case .file(let url):
            let path = url.path(percentEncoded: false)
            guard let data = try? Data(contentsOf: url), let text = String(validating: data, as: UTF8.self) else {
                throw .badChatTemplate(path, reason: "the chat template cannot be read, or is not UTF-8")
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
                throw .badChatTemplate(directory.path(percentEncoded: false), reason: error.message)
            }
        }
    }
}

extension BloomConfiguration {
    /// What templates call the model's own tokens, as `tokenizer_config.json` does.
    func specialTokens(of tokenizer: Tokenizer?) -> [String: String] {
        let ids = [("bos_token", bosTokenID), ("eos_token", eosTokenIDs.first), ("pad_token", padTokenID)]
        var tokens: [String: String] = [:]
        for case (let name, let id?) in ids {
            tokens[name] = tokenizer?.decode([TokenID(id)], skipSpecialTokens: false)
        }
        return tokens
    }
}
