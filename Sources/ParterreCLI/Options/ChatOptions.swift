import ArgumentParser
import Foundation
import Parterre

/// How chats become texts.
struct ChatOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "File of Jinja that writes chats down as the model reads them; none: no chats. (default: the model's own)",
            valueName: "file"))
    var chatTemplate: String?

    var source: EngineOptions.ChatTemplateSource {
        switch chatTemplate {
        case nil: .model
        case "none"?: .none
        case let path?: .file(URL(filePath: path))
        }
    }

    /// A file that was named must be usable before anything is loaded.
    ///
    /// - Throws: `EngineError.badChatTemplate`.
    func check(for model: ModelSource) throws {
        if chatTemplate != nil { try source.check(for: model) }
    }

    /// The template, for those lines of an input that are chats. That the model's own cannot be read concerns no other line.
    func template(of engine: Engine, from model: ModelSource) -> Result<ChatTemplate?, any Error> {
        Result { try source.load(for: model, specialTokens: engine.specialTokens) }
    }
}
