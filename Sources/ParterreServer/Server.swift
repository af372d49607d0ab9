import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import Parterre
public import ServiceLifecycle

/// An OpenAI-compatible HTTP server over one model. A service: it runs until its group shuts down, then takes no more
/// requests and lets those that run end, for `ServerOptions.drainTime` at most.
public struct Server: Service {
    /// Makes the model; told how far it is by calling the parameter with a share in 0…1.
    public typealias Loader = @Sendable (_ progress: @escaping Engine.LoadProgress) async throws -> ServedModel

    private let core: ServerCore
    private let load: Loader?
    private let onListening: @Sendable (Int) -> Void

    /// A server that listens at once, says on `/health` that it is loading, and serves the model when it is there. The engine
    /// is shut down when the server ends.
    ///
    /// - Parameter onListening: called with the port once the server listens.
    public init(
        options: ServerOptions = ServerOptions(), logger: Logger = Logger(label: "parterre.server"),
        onListening: @escaping @Sendable (Int) -> Void = { _ in }, load: @escaping Loader
    ) {
        core = ServerCore(options: options, host: ModelHost(), logger: logger)
        self.load = load
        self.onListening = onListening
    }

    /// A server of a model that others may use as well; it is theirs to shut down.
    public init(
        _ model: ServedModel, options: ServerOptions = ServerOptions(),
        logger: Logger = Logger(label: "parterre.server"), onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        core = ServerCore(options: options, host: ModelHost(.ready(model.called(options.modelNames))), logger: logger)
        load = nil
        self.onListening = onListening
    }

    /// - Throws: a `UserFacingError` where it cannot listen, the model cannot be loaded or the folder of
    ///   batches cannot be had.
    public func run() async throws {
        let features = core.features(try core.openBatches())
        let web = WebService(core: core, router: core.router(features), onListening: onListening)
        let result: Result<Void, any Error>
        do {
            result = .success(try await serve(web, features))
        } catch {
            result = .failure(error)
        }
        if load != nil, case .ready(let model) = core.host.state { await model.engine.shutdown() }
        try result.get()
    }

    /// Until the server is told to end and is drained, or something fails.
    private func serve(_ web: WebService, _ features: [any Feature]) async throws {
        // Whoever tells this service to end must not tell the web service too: it answers until all is drained.
        let listening = Task.detached { try await web.run() }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await withTaskCancellationHandler {
                    try await listening.value
                } onCancel: {
                    listening.cancel()
                }
                return true
            }
            group.addTask {
                try await gracefulShutdown()
                core.logger.info("draining", metadata: ["requests": "\(core.gate.inFlight)"])
                await core.gate.drain(within: core.options.drainTime)
                await web.end()
                return false
            }
            group.addTask {
                try await loadModel()
                return false
            }
            for feature in features {
                group.addTask {
                    try await feature.run()
                    return false
                }
            }
            while let isOver = try await group.next() {
                if isOver { break }
            }
            group.cancelAll()
        }
    }

    private func loadModel() async throws {
        guard let load else { return }
        let host = core.host
        let model = try await load { share in host.note(progress: share) }
        host.finish(model.called(core.options.modelNames))
        core.logger.info("ready", metadata: ["model": "\(model.name)"])
    }
}

extension ServedModel {
    func called(_ names: [String]) -> ServedModel {
        var model = self
        if !names.isEmpty { model.names = names }
        return model
    }
}
