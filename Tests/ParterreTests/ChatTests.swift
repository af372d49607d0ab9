import Foundation
import Parterre
import TestSupport
import Testing

@Suite("Chats in the library")
struct ChatTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func options(_ template: String?) throws -> EngineOptions {
        var options = EngineOptions()
        options.threads = 1
        options.cacheMemory = .bytes(4 << 20)
        if let template {
            let file = folder.url.appending(path: "chat.jinja")
            try Data(template.utf8).write(to: file)
            options.chatTemplate = .file(file)
        }
        return options
    }

    @Test("a request for messages is a request for the text that the template makes of them")
    func request() async throws {
        let template =
            "{% for m in messages %}{{ bos_token }}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ tone }}{% endif %}"
        let engine = try await Engine.load(options: options(template))
        let chat = [ChatMessage(role: "user", content: "Hi")]
        var parameters = SamplingParameters()
        parameters.maxTokens = 8
        let request = try engine.request(
            for: chat, variables: [.init(name: "tone", value: "Well,")], parameters: parameters, n: 2)
        #expect(request == GenerationRequest("<s>user: Hi</s>Well,", parameters: parameters, n: 2))
        #expect(try engine.request(for: chat).parameters == engine.samplingDefaults)
        let answers = try await engine.complete(request)
        let wanted = try await engine.complete(
            GenerationRequest("<s>user: Hi</s>Well,", parameters: parameters, n: 2))
        #expect(answers.map(\.text) == wanted.map(\.text))
        let more = chat + [ChatMessage(role: "assistant", content: "Once upon")]
        let open = try engine.request(for: more, continueFinalMessage: true)
        #expect(open.prompt == .text("<s>user: Hi</s><s>assistant: Once upon"))
        await engine.shutdown()
    }

    @Test("without a template there is no request, with one that refuses there is its word")
    func refused() async throws {
        let chat = [ChatMessage(role: "user", content: "Hi")]
        let bare = try await Engine.load(options: options(nil))
        #expect(bare.chatTemplate == nil)
        #expect(throws: RequestError.noChatTemplate) { try bare.request(for: chat) }
        await bare.shutdown()
        let strict = try await Engine.load(options: options("{{ raise_exception('no guests') }}"))
        #expect(throws: ChatTemplateError.refused("no guests")) { try strict.request(for: chat) }
        await strict.shutdown()
    }

    @Test("a template that cannot be read is told when the model is loaded, unless nobody asks for it")
    func broken() async throws {
        try RandomCheckpoint(hidden: 48, heads: 6).write(to: folder.url)
        try Data("{% for".utf8).write(to: folder.url.appending(path: "chat_template.jinja"))
        let source = ModelSource.directory(folder.url)
        var options = try options(nil)
        await #expect {
            try await Engine.load(source, options: options)
        } throws: {
            ($0 as? EngineError)?.message.contains("chat template") == true
        }
        #expect(throws: EngineError.self) { try options.chatTemplate.check(for: source) }
        options.chatTemplate = .none
        let engine = try await Engine.load(source, options: options)
        #expect(engine.chatTemplate == nil)
        await engine.shutdown()
        options.chatTemplate = .file(folder.url.appending(path: "nowhere.jinja"))
        #expect { try options.chatTemplate.check(for: source) } throws: { "\($0)".contains("nowhere.jinja") }
    }
}
