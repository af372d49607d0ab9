import Basics
import Testing

@testable import Scheduler

/// Tokens are letters: id 0 is "a"; id 100 + i is the first half of a character, which `append` holds back.
private struct LetterDetokenizer: IncrementalDetokenizer {
    private var unfinished = ""

    mutating func append(_ id: TokenID) -> String {
        if id.index >= 100 {
            unfinished = "\u{FFFD}"
            return ""
        }
        defer { unfinished = "" }
        return unfinished + String(Character(UnicodeScalar(UInt8(97 + id.index))))
    }

    mutating func finish() -> String { unfinished }
}

@Suite("Writing a sample down")
struct SampleWriterTests {
    private func write(
        _ ids: [TokenID], endTokens: [TokenID] = [25], detokenizer: LetterDetokenizer? = LetterDetokenizer(),
        _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> (pieces: [String], completion: Completion?) {
        var parameters = SamplingParameters()
        change(&parameters)
        var writer = SampleWriter(
            sample: 3, parameters: parameters, end: EndCondition(parameters, modelEndTokens: endTokens),
            stops: StopStrings(parameters.stop), detokenizer: detokenizer)
        var pieces: [String] = []
        for id in ids where writer.finishReason == nil {
            pieces.append(writer.append(SampledToken(id: id, logprob: nil)).text)
        }
        let completion = writer.completion(promptTokens: 9)
        if let completion {
            #expect(pieces.joined() == completion.text)
            #expect(completion.tokenIDs.count == pieces.count)
            #expect(completion.sample == 3 && completion.promptTokens == 9)
        }
        return (pieces, completion)
    }

    @Test("an end token is a token, but no text")
    func endToken() {
        let (pieces, completion) = write([0, 1, 25, 2])
        #expect(pieces == ["a", "b", ""])
        #expect(completion?.text == "ab")
        #expect(completion?.tokenIDs == [0, 1, 25])
        #expect(completion?.finishReason == .stop)
    }

    @Test("the request's end tokens end as the model's do; those of the model may be ignored, those of the request not")
    func ignoredEnds() {
        #expect(write([0, 3, 1]) { $0.stopTokenIDs = [3] }.completion?.text == "a")
        #expect(write([0, 25, 1]) { $0.ignoreEOS = true }.completion == nil)
        let both = write([0, 25, 3]) {
            $0.ignoreEOS = true
            $0.stopTokenIDs = [3]
        }
        #expect(both.completion?.text == "az")
        #expect(both.completion?.finishReason == .stop)
    }

    @Test("after max_tokens the text ends; what was held back is given out; an end at the same token goes before")
    func length() {
        let cut = write([0, 1, 2]) {
            $0.maxTokens = 2
            $0.stop = ["bcd"]
        }
        #expect(cut.pieces == ["a", "b"])
        #expect(cut.completion?.finishReason == .length)
        #expect(write([0, 25]) { $0.maxTokens = 2 }.completion?.finishReason == .stop)
        let stopped = write([0, 1]) {
            $0.maxTokens = 2
            $0.stop = ["b"]
        }
        #expect(stopped.completion?.finishReason == .stop)
        #expect(stopped.completion?.text == "a")
    }

    @Test("a stop string across tokens ends the text before it")
    func stopString() {
        let (pieces, completion) = write([0, 1, 2, 3, 4]) { $0.stop = ["cd"] }
        #expect(pieces == ["a", "b", "", ""])
        #expect(completion?.text == "ab")
        #expect(completion?.tokenIDs == [0, 1, 2, 3])
        #expect(completion?.finishReason == .stop)
    }

    @Test("before min_tokens neither end tokens nor stop strings count")
    func minTokens() {
        let late = write([1, 1, 0, 1, 0]) {
            $0.minTokens = 3
            $0.stop = ["b"]
        }
        #expect(late.completion?.text == "bba")
        #expect(late.completion?.tokenIDs.count == 4)
        // The stop string that the last of min_tokens completes counts.
        #expect(
            write([1, 0, 1]) {
                $0.minTokens = 3
                $0.stop = ["b"]
            }.completion?.text == "ba")
        // An end token counts as the token after min_tokens; before that it is one like any other.
        #expect(write([25, 25, 25]) { $0.minTokens = 2 }.completion?.tokenIDs.count == 3)
    }

    @Test("an unfinished character comes out with the last token, and can complete a stop string")
    func unfinishedCharacter() {
        #expect(write([0, 100]) { $0.maxTokens = 2 }.completion?.text == "a\u{FFFD}")
        #expect(write([0, 100, 25]).completion?.text == "a\u{FFFD}")
        let stopped = write([0, 100]) {
            $0.maxTokens = 2
            $0.stop = ["a\u{FFFD}"]
        }
        #expect(stopped.completion?.text == "")
        #expect(stopped.completion?.finishReason == .stop)
    }

    @Test("without a tokenizer there are tokens and no text")
    func noTokenizer() {
        let (pieces, completion) = write([0, 1, 25], detokenizer: nil)
        #expect(pieces == ["", "", ""])
        #expect(completion?.text == "")
        #expect(completion?.finishReason == .stop)
    }

    @Test("log-probabilities are kept one per token if asked for")
    func logprobs() {
        var parameters = SamplingParameters()
        parameters.maxTokens = 2
        parameters.logprobs = 0
        var writer = SampleWriter<LetterDetokenizer>(
            sample: 0, parameters: parameters, end: EndCondition(parameters, modelEndTokens: []),
            stops: StopStrings([]), detokenizer: nil)
        let logprobs = (0..<2).map { TokenLogprob(id: TokenID($0), logprob: -Float($0), top: []) }
        for logprob in logprobs {
            #expect(writer.append(SampledToken(id: logprob.id, logprob: logprob)).logprob == logprob)
        }
        #expect(writer.completion(promptTokens: 1)?.logprobs == logprobs)
    }
}
