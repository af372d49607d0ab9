import Foundation
import Testing

@testable import ChatTemplates

/// What `Tools/fixtures/chat_fixtures.py` writes: templates, and what transformers makes of them.
struct Fixtures: Decodable {
    /// What transformers did.
    struct Outcome: Decodable {
        var text: String?
        /// The line that Jinja could not read.
        var syntax: Int?
        var failed: String?
    }

    struct Small: Decodable {
        var template: String
        var outcome: Outcome
        var refused: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            template = try container.decode(String.self, forKey: .template)
            refused = try container.decodeIfPresent(String.self, forKey: .refused)
            outcome = try Outcome(from: decoder)
        }
    }

    struct Whole: Decodable {
        var template: String
        var messages: [Plain]
        var variables: Plain
        var addsPrompt: Bool
        var continuesFinal: Bool
        var outcome: Outcome
        var isRefused: Bool
        /// The template's own words; those of transformers are not ours.
        var refused: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            template = try container.decode(String.self, forKey: .template)
            messages = try container.decode([Plain].self, forKey: .messages)
            variables = try container.decode(Plain.self, forKey: .variables)
            addsPrompt = try container.decodeIfPresent(Bool.self, forKey: .addsPrompt) ?? true
            continuesFinal = try container.decodeIfPresent(Bool.self, forKey: .continuesFinal) ?? false
            isRefused = container.contains(.refused)
            refused = try container.decodeIfPresent(String.self, forKey: .refused)
            outcome = try Outcome(from: decoder)
        }
    }

    enum Key: String, CodingKey {
        case template, messages, variables, refused
        case addsPrompt = "add_generation_prompt"
        case continuesFinal = "continue_final_message"
    }

    var variables: Plain
    var tokens: [String: String]
    var small: [Small]
    var whole: [Whole]

    static func url(_ name: String) throws -> URL {
        try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(name)")
    }

    static func read() throws -> Fixtures {
        try JSONDecoder().decode(Fixtures.self, from: Data(contentsOf: url("cases.json")))
    }

    static func template(_ name: String) throws -> String {
        try String(contentsOf: url("templates/\(name)"), encoding: .utf8)
    }

    /// When the fixtures' clock stands still: 28 November 2026, 9:05:07.
    static let clock = TemplateClock {
        var seconds: time_t = 1_795_856_707
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return parts
    }
}

/// A value as the fixtures write it.
struct Plain: Decodable {
    var value: TemplateValue

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .none
        } else if let bool = try? container.decode(Bool.self) {
            value = .bool(bool)
        } else if let integer = try? container.decode(Int.self) {
            value = .integer(integer)
        } else if let text = try? container.decode(String.self) {
            value = .string(text)
        } else if let values = try? container.decode([Plain].self) {
            value = .array(values.map(\.value))
        } else {
            let tagged = try container.decode(Tagged.self)
            if let number = tagged.f {
                value = .number(try #require(Double(number)))
            } else {
                value = .object(tagged.members)
            }
        }
    }

    private struct Tagged: Decodable {
        var f: String?
        var o: [[Plain]]?

        var members: [TemplateValue.Member] {
            (o ?? []).compactMap { pair in
                guard case .string(let name) = pair[0].value else { return nil }
                return TemplateValue.Member(name: name, value: pair[1].value)
            }
        }
    }

    var members: [TemplateValue.Member] {
        if case .object(let members) = value { members } else { [] }
    }

    var message: ChatMessage? {
        guard case .string(let role)? = members.first(where: { $0.name == "role" })?.value else { return nil }
        let others = members.filter { $0.name != "role" && $0.name != "content" }
        switch members.first(where: { $0.name == "content" })?.value {
        case .string(let content): return ChatMessage(role: role, content: content, others: others)
        case let parts: return ChatMessage(role: role, parts: parts ?? .none, others: others)
        }
    }
}
