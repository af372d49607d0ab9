import Foundation
import TestSupport
import Testing

@testable import ChatTemplates

@Suite("Templates of a model's folder")
struct FileTests {
    private func load(_ files: [String: String]) throws -> ChatTemplate? {
        let folder = try TemporaryDirectory()
        for (name, text) in files { try Data(text.utf8).write(to: folder.url.appending(path: name)) }
        return try ChatTemplate.load(from: folder.url)
    }

    private func text(_ files: [String: String]) throws -> String? { try load(files)?.render([]) }

    @Test("a folder without a template has none")
    func none() throws {
        #expect(try load([:]) == nil)
        #expect(try load(["tokenizer_config.json": "{}"]) == nil)
        #expect(try load(["tokenizer_config.json": #"{"chat_template": null}"#]) == nil)
    }

    @Test("chat_template.jinja goes before tokenizer_config.json, and that before chat_template.json")
    func order() throws {
        var files = ["chat_template.json": #"{"chat_template": "c"}"#]
        #expect(try text(files) == "c")
        files["tokenizer_config.json"] = #"{"chat_template": "b"}"#
        #expect(try text(files) == "b")
        files["chat_template.jinja"] = "a\n"
        #expect(try text(files) == "a")
    }

    @Test("of several templates the one named default is taken")
    func several() throws {
        let list = #"{"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}"#
        #expect(try text(["tokenizer_config.json": list]) == "d")
    }

    @Test("special tokens are strings or objects, in either file")
    func tokens() throws {
        let files = [
            "chat_template.jinja": "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ add_bos_token }}",
            "special_tokens_map.json": #"{"bos_token": "<old>", "pad_token": {"content": "<pad>", "lstrip": false}}"#,
            "tokenizer_config.json": #"{"bos_token": {"content": "<s>"}, "eos_token": "</s>", "add_bos_token": true}"#,
        ]
        #expect(try text(files) == "<s></s><pad>")
    }

    @Test(
        "a file that cannot be used is named",
        arguments: [
            ("tokenizer_config.json", "{"), ("tokenizer_config.json", "[]"),
            ("tokenizer_config.json", #"{"chat_template": 3}"#),
            ("tokenizer_config.json", #"{"chat_template": [{"name": "x", "template": "y"}]}"#),
            ("chat_template.json", #"{"chat_template": {}}"#), ("chat_template.jinja", "{{"),
            ("tokenizer_config.json", #"{"chat_template": "{% if %}"}"#),
            ("chat_template.jinja", String(repeating: "a", count: 2 << 20)),
            ("tokenizer_config.json", String(repeating: "[", count: 100_000)),
        ])
    func broken(_ name: String, _ text: String) throws {
        let error = #expect(throws: ChatTemplateError.self) { try load([name: text]) }
        guard case .file(let path, _)? = error else {
            Issue.record("\(String(describing: error)) names no file")
            return
        }
        #expect(path.hasSuffix("/\(name)"))
    }

    @Test("a folder or bytes that are no text in a template's place are refused")
    func unreadable() throws {
        let folder = try TemporaryDirectory()
        let file = folder.url.appending(path: "chat_template.jinja")
        try Data([0x61, 0xFF]).write(to: file)
        #expect(throws: ChatTemplateError.self) { try ChatTemplate.load(from: folder.url) }
        try FileManager.default.removeItem(at: file)
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        #expect(throws: ChatTemplateError.self) { try ChatTemplate.load(from: folder.url) }
    }
}
