import Basics
import Parterre
import TestSupport
import Testing

/// Beam search with the bundled model, which writes real text.
@Suite struct BeamEngineTests {
    private static func parameters(_ beams: Int, maxTokens: Int) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.maxTokens = maxTokens
        parameters.beams = BeamParameters(count: beams)
        return parameters
    }

    private func withEngine(_ body: (Engine) async throws -> Void) async throws {
        var options = EngineTests.options
        options.cacheMemory = .bytes(8 << 20)
        let engine = try await Engine.load(options: options)
        let result: Result<Void, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutdown()
        try result.get()
    }

    @Test("texts are streamed one after another, best first, in pieces that make up the whole")
    func stream() async throws {
        try await withEngine { engine in
            let request = GenerationRequest(
                "Once upon a time", parameters: Self.parameters(4, maxTokens: 20), n: 3)
            var pieces = ["", "", ""]
            var tokens: [[TokenID]] = [[], [], []]
            var completions: [Completion] = []
            for try await event in engine.generate(request) {
                switch event {
                case .promptLogprobs: Issue.record("nobody asked for them")
                case .started: #expect(completions.isEmpty)
                case .token(let token):
                    #expect(token.sample == completions.count, "one text after another")
                    pieces[token.sample] += token.text
                    tokens[token.sample].append(token.id)
                case .finished(let completion): completions.append(completion)
                }
            }
            #expect(completions.map(\.text) == pieces && completions.map(\.tokenIDs) == tokens)
            #expect(completions.map(\.sample) == [0, 1, 2] && pieces.allSatisfy { $0.count > 20 })
            let scores = try completions.map { try #require($0.beam).score }
            #expect(scores == scores.sorted(by: >))
        }
    }

    @Test("the best of several beams is at least as likely as the greedy text, which one beam is")
    func greedy() async throws {
        try await withEngine { engine in
            for prompt in ["Once upon a time", "The little dog", "\"No,\" said"] {
                var parameters = Self.parameters(1, maxTokens: 12)
                parameters.ignoreEOS = true
                parameters.logprobs = 0
                let greedy = try await engine.complete(GenerationRequest(prompt, parameters: parameters))[0]
                parameters.beams.count = 6
                let best = try await engine.complete(GenerationRequest(prompt, parameters: parameters))[0]
                let sum = { (text: Completion) in (text.logprobs ?? []).reduce(0) { $0 + $1.logprob } }
                #expect(greedy.beam == nil && sum(best) >= sum(greedy) - 1e-4)
                #expect(abs(sum(best) - (try #require(best.beam).cumulativeLogprob)) < 1e-4)
            }
        }
    }

    @Test("a trace of searches that lose their blocks tells their rows, tokens and blocks")
    func trace() async throws {
        let folder = try TemporaryDirectory()
        try RandomCheckpoint(hidden: 32, heads: 4).write(to: folder.url)
        var options = EngineTests.options
        options.blockSize = 16
        options.maxBatch = 8
        options.prefillChunk = 20
        options.recordsTrace = true
        options.foresight = false
        let token = try #require(try ModelInspection.inspect(.directory(folder.url)).bytesPerCachedToken["f32"])
        options.kvCache = .f32
        options.cacheMemory = .bytes(14 * 16 * token)
        let engine = try await Engine.load(.directory(folder.url), options: options)
        // Submitted one right after the other, then read.
        let streams = (0..<4).map { index in
            var parameters = Self.parameters(3, maxTokens: 40)
            parameters.ignoreEOS = true
            var request = GenerationRequest(
                .tokens((0..<12 + 3 * index).map { TokenID(4 + $0) }), parameters: parameters)
            request.label = "search"
            return engine.generate(request)
        }
        for stream in streams { for try await _ in stream {} }
        let status = await engine.status()
        let trace = try #require(await engine.trace())
        #expect(trace.fault == nil && status.preemptions > 0)
        let runs = trace.runs
        func total(_ column: [Int32], _ work: Set<Trace.Work>) -> Int {
            runs.step.indices.reduce(0) {
                guard let kind = Trace.Work(rawValue: runs.work[$1]), work.contains(kind) else { return $0 }
                return $0 + Int(column[$1] * runs.count[$1])
            }
        }
        #expect(total(runs.tokens, [.prefill, .recompute, .decode]) == status.generatedTokens)
        #expect(total(runs.rows, [.prefill, .recompute]) == status.promptTokens)
        #expect(trace.sequences.count == 12 && trace.sequences.allSatisfy { $0.label == "search" && $0.ended != nil })
        // At no step are more blocks held than there are, or more than are in use.
        for step in 0..<trace.steps.count {
            #expect(Set(trace.tables(atStep: step).values.joined()).count == Int(trace.steps.blocks[step]))
        }
        await engine.shutdown()
    }

    @Test("a stop string ends a text of a search as it ends any other, and the text lacks it")
    func stopStrings() async throws {
        try await withEngine { engine in
            var parameters = Self.parameters(4, maxTokens: 40)
            parameters.stop = ["."]
            let texts = try await engine.complete(GenerationRequest("Once upon a time", parameters: parameters, n: 4))
            #expect(texts.count == 4 && texts.allSatisfy { !$0.text.contains(".") })
            #expect(texts.contains { $0.finishReason == .stop && $0.completionTokens < 40 })
            let tokenizer = try #require(engine.tokenizer)
            for text in texts where text.finishReason == .stop {
                let whole = tokenizer.decode(text.tokenIDs)
                #expect(whole.hasPrefix(text.text) && whole.dropFirst(text.text.count).contains("."))
            }
        }
    }
}
