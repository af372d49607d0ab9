import Foundation
import Parterre
import TestSupport

@testable import ParterreServer

extension TestServer {
    /// Every message on a line of its own behind its role; a tool's is refused.
    static let template = """
        {%- for message in messages -%}
        {%- if message.role == 'tool' -%}{{ raise_exception('There are no tools here.') }}{%- endif -%}
        {{- (mood or '') ~ message.role ~ ': ' ~ message.content ~ '\\n' -}}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{- 'assistant:' -}}{%- endif -%}
        """

    /// Run a server of the bundled model, with a chat template of the test's, around `body`.
    static func runChat(
        _ options: ServerOptions = ServerOptions(), engine engineOptions: EngineOptions = engineOptions,
        template: String = template, _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory()
        let file = folder.url.appending(path: "chat.jinja")
        try Data(template.utf8).write(to: file)
        var engineOptions = engineOptions
        engineOptions.chatTemplate = .file(file)
        try await run(options, engine: engineOptions, body)
    }

    /// `POST /v1/chat/completions` of messages and further fields.
    func chat(_ messages: String, _ more: String = "") async throws -> Reply {
        try await post("/v1/chat/completions", #"{"messages": \#(messages)\#(more.isEmpty ? "" : ", " + more)}"#)
    }
}

extension Reply {
    var choices: [[String: Any]] { get throws { try json["choices"] as? [[String: Any]] ?? [] } }
    /// The contents of a chat's choices.
    var contents: [String?] {
        get throws { try choices.map { ($0["message"] as? [String: Any])?["content"] as? String } }
    }
    var usage: [String: Int]? { get throws { try json["usage"] as? [String: Int] } }
}

/// JSON as text, the same for equal values.
func canonical(_ value: Any?) throws -> String {
    let data = try JSONSerialization.data(withJSONObject: [value as Any], options: .sortedKeys)
    return String(decoding: data, as: UTF8.self)
}
