package import Forms
package import Parterre

/// Has one line answered by the model and writes the answer in the line's own form.
package struct Answering: Sendable {
    package var model: AnsweringModel
    package var writer: LineWriter

    package init(model: AnsweringModel, writer: LineWriter) {
        self.model = model
        self.writer = writer
    }

    /// - Returns: what was wrong with the line, after that has been written.
    /// - Throws: when writing fails or the task is cancelled.
    package func answer(_ line: RequestLine, except there: SampleSet = SampleSet()) async throws -> FieldError? {
        switch line.content {
        case .native(let prompt, let options):
            try await answer(line, options.request(prompt, label: line.id.name), except: there)
        case .openAIBatch(let body): try await answer(line, body)
        }
    }

    /// Write the error line of a line that cannot be served.
    package func refuse(_ bad: BadLine) async throws {
        switch bad.form {
        case .native:
            let id = bad.id ?? LineID(line: bad.number)
            try await writer.write(NativeLine.failure(id: id, line: bad.number, error: bad.error))
        case .openAIBatch:
            let answer = ErrorAnswer(bad.error).json(line: bad.number)
            try await writer.write(OutputEnvelope(customID: bad.id).response(status: 400, body: answer))
        }
    }

    private func answer(
        _ line: RequestLine, _ request: GenerationRequest, except there: SampleSet
    ) async throws -> FieldError? {
        var events = model.generate(request).makeAsyncIterator()
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
                    NativeLine.completion(completion, id: line.id, tokenizer: model.tokenizer))
            }
        }
        try Task.checkCancellation()
        return nil
    }

    private func answer(_ line: RequestLine, _ body: BatchBody) async throws -> FieldError? {
        let answer: JSON
        do {
            answer = try await body.answer(by: model, name: line.id.name)
        } catch {
            return try await refuse(line, error)
        }
        try await writer.write(OutputEnvelope(customID: line.id).response(status: 200, body: answer))
        return nil
    }

    /// An error of the engine is the line's answer, unless the run itself is being ended.
    private func refuse(_ line: RequestLine, _ error: any Error) async throws -> FieldError? {
        if error is CancellationError || error as? RequestError == .engineStopped { throw error }
        let reason = FieldError(error)
        try await refuse(BadLine(number: line.number, id: line.id, form: line.form, error: reason))
        return reason
    }
}
