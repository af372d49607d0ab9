import Parterre
import Testing

@testable import Forms

@Suite("OpenAI's form of a chat's answer")
struct ChatAnswerTests {
    private let answer: ChatAnswer = {
        var answer = ChatAnswer(model: "m", role: "assistant", created: 7)
        answer.id = "chatcmpl-1"
        return answer
    }()

    @Test("a whole answer has messages")
    func whole() {
        let choice = answer.choice(index: 0, text: "a\nb", logprobs: nil, finishReason: "stop")
        #expect(
            answer.whole(choices: [choice], usage: Usage(promptTokens: 2, completionTokens: 3)).line
                == #"{"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"#
                + #""message":{"role":"assistant","content":"a\nb","refusal":null},"logprobs":null,"#
                + #""finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5}}"#)
    }

    @Test("a stream has deltas: who speaks, the text, nothing at the end")
    func chunks() {
        let head = #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":["#
        #expect(
            answer.opening(index: 1, announcesUsage: false).line
                == head
                + #"{"index":1,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}"#)
        #expect(
            answer.chunk(index: 0, text: "x", logprobs: nil, announcesUsage: true).line
                == head + #"{"index":0,"delta":{"content":"x"},"logprobs":null,"finish_reason":null}],"usage":null}"#)
        #expect(
            answer.ending(index: 0, finishReason: "length", announcesUsage: false).line
                == head + #"{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]}"#)
        #expect(
            answer.chunk(usage: Usage(promptTokens: 1, completionTokens: 1)).line
                == head + #"],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#)
    }

    @Test("log-probabilities have each token's bytes, also of one that is a part of a character")
    func logprobs() async throws {
        var options = EngineOptions()
        options.threads = 1
        options.cacheMemory = .bytes(1 << 20)
        let engine = try await Engine.load(options: options)
        let tokenizer = try #require(engine.tokenizer)
        let ids = tokenizer.encode("a 祈") + [TokenID(2)]
        #expect(ids.flatMap(tokenizer.bytes) == Array("a 祈</s>".utf8))
        // The character is none of the vocabulary's, so its tokens are bytes.
        let part = try #require(ids.dropLast().last)
        #expect(tokenizer.decode([part]) == "\u{FFFD}")
        let json = ChatLogprobs.json(
            [LogprobEntry(id: part, logprob: -0.5, top: [.init(id: TokenID(2), logprob: -0.25)])], tokenizer)
        let bytes = tokenizer.bytes(of: part).map(String.init).joined(separator: ",")
        #expect(
            json.line == #"{"content":[{"token":"�","logprob":-0.5,"bytes":[\#(bytes)],"top_logprobs":"#
                + #"[{"token":"</s>","logprob":-0.25,"bytes":[60,47,115,62]}]}],"refusal":null}"#)
        await engine.shutdown()
    }
}
