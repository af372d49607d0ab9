import ArgumentParser
import Foundation
import Logging
import Parterre
import ParterreServer
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a model over HTTP, as OpenAI's completions and chat API.",
        discussion: """
            ENDPOINTS
              POST /v1/completions   prompt as text, list or token ids; stream, n, best_of,
                                     echo, logprobs, stop, seed, logit_bias and vLLM's more
              POST /v1/chat/completions   messages; with the model's chat template, or --chat-template
              POST /tokenize, /detokenize
              GET  /v1/models, /tokenizer_info, /metrics
                   /v1/files, /v1/batches   with --batch-dir: OpenAI's batch API
              GET  /health           200 when it serves; 503 while it loads or drains
              GET  /                 a page to try the model on and to watch the batch

            Only this machine reaches the server unless --host says otherwise. It speaks plain HTTP: TLS is the work of a \
            proxy in front of it. On standard output stands its address, once it listens; it answers at once, and /health \
            says how far the model is loaded.

            SIGTERM and Ctrl-C let running requests finish (--drain-seconds) and take no new ones; a second signal ends \
            the server at once.

            EXAMPLES
              parterre serve
              parterre serve --model ./bloom-560m --weights int8 --port 8000
              curl http://127.0.0.1:8000/v1/completions -H 'Content-Type: application/json' \\
                   -d '{"prompt": "The garden in spring", "max_tokens": 40}'
            """)

    @OptionGroup(title: "Server options") var server: ServerOptionGroup
    @OptionGroup var model: ModelOptions
    @OptionGroup var chat: ChatOptions
    @OptionGroup(title: "Engine options") var engine: EngineOptionGroup
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let options = try server.options()
        let (source, engineOptions) = (model.source, serving(engine))
        // Nobody should be given an address before it is known that there is something to serve.
        _ = try ModelInspection.inspect(source)
        try engineOptions.chatTemplate.check(for: source)
        FreedMemory.giveBack()
        let reporter = report.reporter
        let server = Server(
            options: options, logger: reporter.serverLogger,
            onListening: { port in
                let address = "http://\(options.host.contains(":") ? "[\(options.host)]" : options.host):\(port)"
                print(address)
                fflush(nil)
                reporter.info("listening on \(address)")
            },
            load: { progress in
                let engine = try await reporter.load(source, engineOptions, progress: progress)
                var served = ServedModel(engine: engine, name: source.name)
                served.tokenizerInfo = TokenizerInfo(directory: source.url, engine: engine)
                return served
            })
        let group = ServiceGroup(configuration: .init(services: [server], logger: reporter.quietLogger))
        let interrupt = Interrupt()
        interrupt.listen(
            first: { Task { await group.triggerGracefulShutdown() } },
            again: {
                reporter.notice("parterre: ended at once")
                Foundation.exit(1)
            })
        do {
            try await group.run()
        } catch let error as any UserFacingError {
            throw error
        } catch {
            throw CommandError(duringRun: error)
        }
    }

    /// The options of an engine that chats, and whose streams somebody reads.
    func serving(_ engine: EngineOptionGroup) -> EngineOptions {
        var options = engine.options
        options.chatTemplate = chat.source
        options.stepTime = (engine.stepTime ?? Self.stepTime).duration
        return options
    }

    private static let stepTime = StepTime(.milliseconds(500))
}
