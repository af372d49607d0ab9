import Parterre
import Testing

@testable import Forms

@Suite("OpenAI's form of log-probabilities")
struct CompletionLogprobsTests {
    @Test("a text in pieces gives the lists of the whole; the first token of a prompt has no probability")
    func pieces() async throws {
        let model = try await Engine.load(options: options)
        let tokenizer = try #require(model.tokenizer)
        // Several bytes for a character, and a special token in the prompt.
        let prompt = [TokenID(1)] + tokenizer.encode("Fünf €")
        let text = tokenizer.encode(" Gärten") + [TokenID(2)]
        func entry(_ id: TokenID, _ logprob: Float?) -> LogprobEntry {
            .init(id: id, logprob: logprob, top: logprob.map { [.init(id: id, logprob: $0)] } ?? [])
        }
        let promptEntries = prompt.enumerated().map { entry($1, $0 == 0 ? nil : -Float($0)) }
        let textEntries = text.map { entry($0, -0.5) }
        var form = CompletionLogprobs(tokenizer)
        let whole = form.json(prompt: promptEntries, text: textEntries)

        var parts = CompletionLogprobs(tokenizer)
        var pieces = [parts.json(prompt: promptEntries, text: [])]
        for entry in textEntries { pieces.append(parts.json(text: [entry])) }
        for name in ["tokens", "token_logprobs", "top_logprobs", "text_offset"] {
            #expect(list(whole, name) == pieces.flatMap { list($0, name) }, "\(name)")
        }
        #expect(list(whole, "token_logprobs").first == .null && list(whole, "top_logprobs").first == .null)
        // The text begins behind the prompt as it is shown, its special token included.
        let shown = tokenizer.decode(prompt, skipSpecialTokens: false)
        #expect(list(whole, "text_offset")[prompt.count] == .integer(shown.unicodeScalars.count))
        await model.shutdown()
    }

    private func list(_ json: JSON, _ name: String) -> [JSON] {
        guard case .object(let members) = json,
            case .array(let values)? = members.first(where: { $0.name == name })?.value
        else { return [] }
        return values
    }

    private var options: EngineOptions {
        var options = EngineOptions()
        options.threads = 1
        options.cacheMemory = .bytes(1 << 20)
        return options
    }
}
