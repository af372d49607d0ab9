import Foundation
import Logging
import Parterre
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import ParterreServer

/// A server of the bundled model on a free port, for one test.
struct TestServer: Sendable {
    let port: Int
    let engine: Engine
    private let group: ServiceGroup

    /// Run a server around `body`, and end it.
    static func run(
        _ options: ServerOptions = ServerOptions(), engine engineOptions: EngineOptions = engineOptions,
        model: ModelSource = .bundled, _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        let engine = try await Engine.load(model, options: engineOptions)
        var options = options
        options.port = 0
        let (ports, feed) = AsyncStream<Int>.makeStream()
        let server = Server(
            ServedModel(engine: engine, name: "tiny"), options: options, logger: quiet,
            onListening: { feed.yield($0) })
        let group = ServiceGroup(configuration: .init(services: [server], logger: quiet))
        let running = Task { try await group.run() }
        let port = try #require(await ports.first { _ in true })
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(TestServer(port: port, engine: engine, group: group)))
        } catch {
            outcome = .failure(error)
        }
        await group.triggerGracefulShutdown()
        let ended = await running.result
        await engine.shutdown()
        try outcome.get()
        try ended.get()
    }

    /// As a signal tells a server to end.
    func terminate() async { await group.triggerGracefulShutdown() }

    func wire(receiveBuffer: Int32? = nil) throws -> Wire { try Wire(port: port, receiveBuffer: receiveBuffer) }

    func post(_ path: String, _ body: String, headers: [String: String] = [:]) async throws -> Reply {
        try await wire().post(path, body, headers: headers)
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Reply {
        try await wire().get(path, headers: headers)
    }

    /// `POST /v1/completions`.
    func complete(_ body: String) async throws -> Reply { try await post("/v1/completions", body) }

    /// Wait for something that the engine must come to.
    func wait(
        for what: Comment, _ condition: @Sendable (EngineStatus) -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for _ in 0..<3000 {
            if condition(await engine.status()) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record(what, sourceLocation: sourceLocation)
    }

    static var engineOptions: EngineOptions {
        var options = EngineOptions()
        options.threads = 1
        options.cacheMemory = .bytes(32 << 20)
        options.maxBatch = 8
        return options
    }

    static var quiet: Logger {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return logger
    }
}
