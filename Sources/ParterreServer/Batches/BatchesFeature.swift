import BatchFiles
import Batches
import Forms
import Hummingbird
import HummingbirdCore
import Parterre
import ServiceLifecycle

/// `/v1/batches`: OpenAI's batches, which are answered while nobody who waits needs the engine.
struct BatchesFeature: Feature {
    let core: ServerCore
    let store: BatchStore?

    func addRoutes(to routes: Routes) {
        let batches = routes.guarded.group("v1/batches")
        batches.post { request, _ in try await create(request) }
        batches.get { request, _ in
            let page = try opened().page(try ListQuery(request, limits: 1...100, standard: 20))
            return Response(json: page.json(id: \.id.rawValue, \.json))
        }
        batches.get(":id") { _, context in Response(json: try opened().batch(id(context)).json) }
        batches.post(":id/cancel") { _, context in Response(json: try await opened().cancel(id(context)).json) }
    }

    /// Answer batches once the model is there.
    func run() async throws {
        guard let store else { return }
        let model = try await core.host.ready()
        var options = BatchRunner.Options()
        options.batchesAtOnce = core.options.batches?.batchesAtOnce ?? options.batchesAtOnce
        options.linesInFlight = core.options.batches?.linesInFlight ?? 2 * model.engine.maxBatch
        let defaults = RequestOptions(parameters: model.engine.samplingDefaults)
        let runner = BatchRunner(store, options: options, defaults: defaults, logger: core.logger) { wanted in
            do {
                return try await answer(wanted, model)
            } catch let error as APIError {
                throw RequestRefusal(status: error.status.code, answer: error.answer)
            }
        }
        await withGracefulShutdownHandler {
            await runner.run()
        } onGracefulShutdown: {
            runner.drain()
        }
    }

    private func answer(_ body: BatchBody, _ model: ServedModel) async throws -> JSON {
        let limits = core.options.limits
        switch body {
        case .completion(let wanted):
            try model.check(wanted.model)
            return try await CompletionRun(wanted, model: model, limits: limits).wholeAnswer().json
        case .chat(let wanted):
            try model.check(wanted.model)
            return try await CompletionRun(wanted, model: model, limits: limits).wholeAnswer().json
        }
    }

    private func opened() throws(APIError) -> BatchStore {
        guard let store else { throw .batchesOff }
        return store
    }

    private func id(_ context: ServerContext) throws -> BatchID {
        BatchID(rawValue: try context.parameters.require("id"))
    }

    private func create(_ request: Request) async throws -> Response {
        let store = try opened()
        let bytes = try await request.bytes(limit: core.options.limits.bodyBytes)
        return Response(json: try await store.create(BatchOrder(json: bytes)).json)
    }
}

extension ServerCore {
    /// - Throws: `BatchesError` where the folder cannot be had.
    func openBatches() throws -> BatchStore? {
        guard let batches = options.batches else { return nil }
        let files = try FileStore(StoreFolder(batches.folder), limits: batches.limits, logger: logger)
        return try BatchStore(files: files, logger: logger)
    }
}

extension ModelHost {
    /// Wait until the model is loaded.
    fileprivate func ready() async throws -> ServedModel {
        while true {
            if case .ready(let model) = state { return model }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
