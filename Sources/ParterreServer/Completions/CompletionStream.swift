import Forms
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Parterre
import Synchronization

/// Streams one request's texts to its client. Two tasks: one follows the engine and fills a buffer, the other empties the buffer
/// into the connection, as fast as the client takes it.
struct CompletionStream<Form: AnswerForm>: Sendable {
    let run: CompletionRun<Form>
    let options: ServerOptions
    let client: DisconnectSignal
    let channel: any Channel
    let record: RequestRecord
    let ticket: AdmissionGate.Ticket
    /// What a stream that is broken off says.
    let interruption: @Sendable () -> APIError
    let buffer: StreamBuffer<CompletionPiece>

    init(
        _ run: CompletionRun<Form>, options: ServerOptions, client: DisconnectSignal, context: ServerContext,
        ticket: AdmissionGate.Ticket, interruption: @escaping @Sendable () -> APIError
    ) {
        self.run = run
        self.options = options
        self.client = client
        channel = context.channel
        record = context.record
        self.ticket = ticket
        self.interruption = interruption
        buffer = StreamBuffer(limit: options.streamBytes)
    }

    var response: Response {
        Response(
            status: .ok, headers: EventStream.headers,
            body: ResponseBody { writer in
                try await send(to: &writer)
                try await writer.finish(nil)
            })
    }

    private func send(to writer: inout any ResponseBodyWriter) async throws {
        let generation = client.watched { await generate() }
        let watch = Task { try await watchReader() }
        defer {
            watch.cancel()
            generation.end()
        }
        try await withTaskCancellationHandler {
            try await forward(to: &writer)
        } onCancel: {
            generation.task.cancel()
        }
    }

    /// Until the stream's end.
    private func forward(to writer: inout any ResponseBodyWriter) async throws {
        var form = run.form.stream(announcesUsage: run.wanted.includeUsage)
        let opening = form.opening(choices: run.prompts.count * run.wanted.options.n)
        if !opening.isEmpty { try await writer.write(events(opening)) }
        while true {
            switch await buffer.next() {
            case .pieces(let pieces):
                try await writer.write(events(pieces.flatMap { form.chunks($0) }))
            case .quiet:
                try await writer.write(ByteBuffer(string: EventStream.keepAlive))
            case .finished:
                let usage = run.wanted.includeUsage ? EventStream.event(form.chunk(usage: usage)) : ""
                return try await writer.write(ByteBuffer(string: usage + EventStream.done))
            case .failed(let error):
                let told = APIError(error is CancellationError ? interruption() : error)
                record.update { $0.failure = told.answer.message }
                return try await writer.write(ByteBuffer(string: EventStream.event(told.answer.json())))
            }
        }
    }

    private func events(_ chunks: [JSON]) -> ByteBuffer {
        ByteBuffer(string: chunks.map(EventStream.event).joined())
    }

    private var usage: Usage {
        let figures = record.current
        return Usage(promptTokens: figures.promptTokens, completionTokens: figures.completionTokens)
    }

    /// Hang up on a client that takes nothing.
    private func watchReader() async throws {
        let pause = min(options.keepAliveTime, options.stallTime) / 4
        while true {
            try await Task.sleep(for: pause)
            if buffer.tick(quietTime: options.keepAliveTime) > options.stallTime {
                hangUp("the client stopped reading")
            }
        }
    }

    private func hangUp(_ reason: String) {
        record.update { $0.failure = reason }
        channel.close(promise: nil)
    }
}

extension CompletionStream {
    /// Follow the engine to the end of all texts. What goes wrong is in the buffer.
    private func generate() async {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in run.prompts.indices {
                    group.addTask { try await follow(index) }
                }
                try await group.waitForAll()
            }
            try Task.checkCancellation()
            buffer.finish()
        } catch is StreamBuffer<CompletionPiece>.ReaderTooSlow {
            buffer.fail(CancellationError())
            hangUp("the client read too slowly")
        } catch {
            buffer.fail(error)
        }
    }

    private func follow(_ index: Int) async throws {
        let n = run.wanted.options.n
        let prompt = run.prompts[index]
        record.update { $0.promptTokens += prompt.count }
        // With log-probabilities it comes together with those.
        if run.wanted.echo, !run.hasLogprobs { try echo(index) }
        if run.isEchoOnly { return try buffer.add(CompletionPiece(choice: index * n, finishReason: "length")) }
        for try await event in run.model.generate(run.request(at: index)) {
            switch event {
            case .started: break
            case .promptLogprobs(let logprobs):
                try echo(index, LogprobEntry.entries(of: prompt, logprobs))
            case .token(let token):
                record.update { $0.completionTokens += 1 }
                let piece = CompletionPiece(
                    choice: index * n + token.sample, text: token.text,
                    logprobs: token.logprob.map { [.init($0)] } ?? [])
                // Half a character, or what may begin a stop string.
                if !piece.text.isEmpty || !piece.logprobs.isEmpty { try buffer.add(piece) }
            case .finished(let completion):
                try buffer.add(
                    CompletionPiece(
                        choice: index * n + completion.sample, finishReason: completion.finishReason.rawValue))
            }
        }
    }

    private func echo(_ index: Int, _ logprobs: [LogprobEntry] = []) throws {
        for sample in 0..<run.wanted.options.n {
            let choice = index * run.wanted.options.n + sample
            try buffer.add(
                CompletionPiece(choice: choice, text: run.echo(index), promptLogprobs: logprobs), counts: false)
        }
    }
}
