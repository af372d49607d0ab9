import Foundation

@testable import ChatTemplates

/// A template, then the contents of messages, the user's and the assistant's by turns. It ends within its limits, and the
/// same messages give the same text.
public enum ChatTemplate: ParserProperty {
    private static let limits = {
        var limits = RenderingLimits()
        limits.steps = 100_000
        limits.bytes = 4 << 20
        limits.output = 1 << 20
        return limits
    }()

    public static func check(_ bytes: [UInt8]) throws {
        let parts = parts(bytes, atMost: 8).map { String(decoding: $0, as: UTF8.self) }
        let template = try ChatTemplates.ChatTemplate(
            parts[0], specialTokens: ["bos_token": "<s>", "eos_token": "</s>"])
        let messages = parts.dropFirst().enumerated().map { index, text in
            ChatMessage(role: index % 2 == 0 ? "user" : "assistant", content: text)
        }
        func render(continues: Bool = false) throws -> String {
            try template.render(
                messages, addGenerationPrompt: !continues, continueFinalMessage: continues, variables: variables,
                limits: limits, clock: TemplateClock { tm() })
        }
        if let opened = try? render(continues: true) {
            try require(opened.utf8.count <= limits.output, "the continued text is longer than allowed")
        }
        let text = try render()
        try require(text.utf8.count <= limits.output, "the text is longer than allowed")
        try require(same(try render(), text), "another text when rendered again")
    }

    /// Made anew each time: the leak checker does not find what a global's indirect cases hold.
    private static var variables: [TemplateValue.Member] {
        [
            .init(name: "n", value: 7), .init(name: "f", value: .number(2.5)),
            .init(name: "s", value: "Naïve 🌱 e\u{301}\r\n"),
            .init(name: "list", value: [3, "a", nil, [1, 2], true]),
            .init(name: "d", value: ["a": 1, "b": ["c": "x"], "items": []]),
            .init(
                name: "tools",
                value: [["type": "function", "function": ["name": "f", "parameters": ["type": "object"]]]]),
        ]
    }
}
