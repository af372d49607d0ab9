package import Forms
package import Parterre

/// Has one line answered by the engine and writes the answer in the line's own form.
package struct Answering: Sendable {
    package var generate: @Sendable (GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error>
    package var tokenizer: Tokenizer?
    /// The model's name where the line gives none.
    package var modelName: String
    package var writer: LineWriter

    package init(
        generate: @escaping @Sendable (GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error>,
        tokenizer: Tokenizer?, modelName: String, writer: LineWriter
    ) {
        self.generate = generate
        self.tokenizer = tokenizer
        self.modelName = modelName
        self.writer = writer
    }

    /// - Returns: what was wrong with the line, after that has been written.
    /// - Throws: when writing fails or the task is cancelled.
    package func answer(_ line: RequestLine, except there: SampleSet = SampleSet()) async throws -> FieldError? {
        switch line.form {
        case .native: try await answerNative(line, except: there)
        case .openAIBatch(let model): try await answerBatch(line, model: model ?? modelName)
        }
    }

    /// Write the error line of a line that cannot be served.
    package func refuse(_ bad: BadLine) async throws {
        switch bad.form {
        case .native:
            let id = bad.id ?? LineID(line: bad.number)
            try await writer.write(NativeLine.failure(id: id, line: bad.number, error: bad.error))
        case .openAIBatch(let model):
            let form = OpenAIBatchLine(customID: bad.id, model: model ?? modelName)
            try await writer.write(form.failure(bad.error, line: bad.number))
        }
    }

    private func answerNative(_ line: RequestLine, except there: SampleSet) async throws -> FieldError? {
        for prompt in line.prompts {
            var events = generate(line.request(prompt)).makeAsyncIterator()
            while true {
                let event: GenerationEvent?
                do {
                    event = try await events.next()
                } catch {
                    return try await refuse(line, error)
                }
                guard let event else { break }
                if case .finished(let completion) = event, !there.contains(completion.sample) {
                    try await writer.write(
                        NativeLine.completion(completion, id: line.id, tokenizer: tokenizer))
                }
            }
        }
        try Task.checkCancellation()
        return nil
    }

    private func answerBatch(_ line: RequestLine, model: String) async throws -> FieldError? {
        let answers: [[Completion]]
        do {
            answers = try await withThrowingTaskGroup(of: (Int, [Completion]).self) { group in
                for (index, prompt) in line.prompts.enumerated() {
                    group.addTask { (index, try await completions(line.request(prompt))) }
                }
                return try await group.reduce(into: Array(repeating: [], count: line.prompts.count)) {
                    $0[$1.0] = $1.1
                }
            }
        } catch {
            return try await refuse(line, error)
        }
        try Task.checkCancellation()
        try await writer.write(
            OpenAIBatchLine(customID: line.id, model: model).answer(answers, tokenizer: tokenizer))
        return nil
    }

    private func completions(_ request: GenerationRequest) async throws -> [Completion] {
        var completions: [Completion] = []
        for try await case .finished(let completion) in generate(request) { completions.append(completion) }
        return completions.sorted { $0.sample < $1.sample }
    }

    /// An error of the engine is the line's answer, unless the run itself is being ended.
    private func refuse(_ line: RequestLine, _ error: any Error) async throws -> FieldError? {
        if error is CancellationError || error as? RequestError == .engineStopped { throw error }
        let reason = FieldError(error)
        try await refuse(BadLine(number: line.number, id: line.id, form: line.form, error: reason))
        return reason
    }
}
