package import Parterre

/// The fields of a request that hold its prompts: OpenAI's `prompt`, which may be a text, token ids or several of either, and
/// vLLM's `prompt_token_ids`.
package enum PromptFields {
    package static let names: Set<String> = ["prompt", "prompt_token_ids"]

    /// - Returns: one prompt at least, none of them empty.
    package static func read(_ fields: FieldReader) throws -> [Prompt] {
        let texts = try fields.prompts("prompt")
        let ids = try fields.tokenIDs("prompt_token_ids")
        let prompts: [Prompt]
        switch (texts, ids) {
        case (nil, nil): throw fields.error("prompt", "is missing (or prompt_token_ids)")
        case (_?, _?): throw fields.error("prompt", "and prompt_token_ids exclude each other")
        case (let texts?, nil): prompts = texts
        case (nil, let ids?): prompts = [.tokens(ids)]
        }
        let name = ids == nil ? "prompt" : "prompt_token_ids"
        if prompts.isEmpty || prompts.contains(where: \.isEmpty) { throw fields.error(name, "is empty") }
        for case .tokens(let ids) in prompts {
            if let negative = ids.first(where: { $0.rawValue < 0 }) {
                throw fields.error(name, "\(negative) is not a token id")
            }
        }
        return prompts
    }
}

extension Prompt {
    fileprivate var isEmpty: Bool {
        switch self {
        case .text(let text): text.isEmpty
        case .tokens(let ids): ids.isEmpty
        }
    }
}
