import BatchFiles
import Forms

/// The results of a batch while they grow: what is there already, and where more goes.
struct ResultFiles: Sendable {
    private let output: LineWriter
    private let errors: LineWriter
    /// Lines that need no more work.
    let finished: FinishedWork

    /// Open what an earlier run has left; a torn line at the end is cut off. Blocks.
    init(_ folder: BatchFolder) throws {
        for file in [folder.output, folder.errors] { try DurableFile.makeFolder(file.path) }
        let oldOutput = try OutputFile(folder.output.content, resume: true)
        let oldErrors = try OutputFile(folder.errors.content, resume: true)
        var finished = oldOutput.finished
        finished.addLines(of: oldErrors.finished)
        self.finished = finished
        output = try oldOutput.writer()
        errors = try oldErrors.writer()
    }

    var hasFailed: Bool { output.hasFailed || errors.hasFailed }

    func write(_ answer: JSON, to request: BatchRequest) async throws {
        try await output.write(OutputEnvelope(customID: request.id).response(status: 200, body: answer))
    }

    func write(_ refusal: RequestRefusal, to request: BatchRequest) async throws {
        let body = refusal.answer.json(line: request.number)
        try await errors.write(OutputEnvelope(customID: request.id).response(status: refusal.status, body: body))
    }

    func write(_ outcome: BatchState.Outcome, to request: BatchRequest) async throws {
        let (code, reason) =
            outcome == .expired
            ? ("batch_expired", "the batch's completion window was over before this request was answered")
            : ("batch_cancelled", "the batch was cancelled before this request was answered")
        let line = OutputEnvelope(customID: request.id).untried(code: code, message: reason, line: request.number)
        try await errors.write(line)
    }

    /// Wait for the disk.
    func finish() async {
        await output.finish()
        await errors.finish()
    }
}
