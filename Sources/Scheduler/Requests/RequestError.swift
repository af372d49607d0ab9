public import Basics

/// Why a request was not served; the caller can act on each case.
public enum RequestError: UserFacingError, Equatable {
    /// A field of the request is out of its range.
    case invalid(field: String, reason: String)
    /// Prompt and `maxTokens` together can never fit into the cache.
    case tooLong(tokens: Int, capacity: Int)
    /// So many beams, each as long as it may become, can never fit into the cache together.
    case tooWide(beams: Int, blocks: Int, capacity: Int)
    /// A text prompt for a model without `tokenizer.json`.
    case noTokenizer
    /// A chat for a model without a chat template.
    case noChatTemplate
    /// As many requests wait as may (`EngineOptions.mostWaiting`).
    case queueFull(waiting: Int)
    /// So many tokens wait for a reader that does not take them (`EngineOptions.mostUnreadTokens`).
    case readerTooSlow(tokens: Int)
    /// The engine is about to end and takes no more requests.
    case engineDraining
    /// The engine was shut down before the request ended.
    case engineStopped

    public var message: String {
        switch self {
        case .invalid(let field, let reason):
            "\(field): \(reason)"
        case .tooLong(let tokens, let capacity):
            "prompt and max_tokens need room for \(tokens) tokens, but the cache holds \(capacity): "
                + "lower max_tokens, shorten the prompt or give --cache-memory more"
        case .tooWide(let beams, let blocks, let capacity):
            "\(beams) beams of up to max_tokens need \(blocks) blocks of the cache, but it has \(capacity): "
                + "ask for fewer beams, lower max_tokens, shorten the prompt or give --cache-memory more"
        case .noTokenizer:
            "the model has no tokenizer.json, so prompts must be token ids (prompt_token_ids)"
        case .noChatTemplate:
            "the model has no chat template, so it cannot chat: give the text that it shall continue as a prompt, or a "
                + "template of your own (--chat-template, EngineOptions.chatTemplate)"
        case .queueFull(let waiting):
            "\(waiting) requests wait already, and no more may: send this one again later, or to another engine"
        case .readerTooSlow(let tokens):
            "more than \(tokens) tokens wait to be read, so the request was ended: read its events as they come"
        case .engineDraining:
            "the engine is shutting down and takes no more requests: send this one to another, or again when it is back"
        case .engineStopped:
            "the engine was stopped before the request ended"
        }
    }
}
