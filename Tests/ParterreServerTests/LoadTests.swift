import Foundation
import Parterre
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import ParterreServer

@Suite("Manners under load, at the beginning and at the end")
struct LoadTests {
    private static let endless = #"{"prompt": "a", "max_tokens": 4000, "ignore_eos": true, "stream": true}"#

    @Test("more waiting requests than the queue holds get a 429 with a time, bad ones their 400, and later all is well")
    func queue() async throws {
        var options = ServerOptions()
        options.maxQueue = 1
        var engine = TestServer.engineOptions
        engine.maxBatch = 1
        try await TestServer.run(options, engine: engine) { server in
            let running = try [server.wire(), server.wire()]
            for wire in running {
                try await wire.sendRequest("POST", "/v1/completions", body: Self.endless)
                #expect(try await wire.head().status == 200)
            }
            let refused = try await server.complete(#"{"prompt": "a", "max_tokens": 1}"#)
            #expect(try refused.status == 429 && refused.error.code == "queue_full")
            #expect(try refused.error.type == "rate_limit_error")
            let seconds = refused.headers["retry-after"].flatMap { Int($0) } ?? 0
            #expect((1...60).contains(seconds))
            #expect(try await server.complete(#"{"prompt": ""}"#).status == 400)
            for wire in running { wire.hangUp() }
            try await server.wait(for: "the queue is empty") { $0.cacheBlocksUsed == 0 && $0.waitingSequences == 0 }
            // The server learns of the end a moment after the engine.
            var last = 429
            for _ in 0..<500 where last == 429 {
                last = try await server.complete(#"{"prompt": "a", "max_tokens": 1}"#).status
                if last == 429 { try await Task.sleep(for: .milliseconds(10)) }
            }
            #expect(last == 200)
        }
    }

    @Test("a server that is told to end answers what runs to its end and nothing new")
    func drain() async throws {
        var options = ServerOptions()
        options.drainTime = .seconds(600)
        var engine = TestServer.engineOptions
        engine.prefillChunk = 1
        try await TestServer.run(options, engine: engine) { server in
            let wire = try server.wire()
            let idle = try server.wire()
            #expect(try await idle.get("/health").status == 200)
            let ids = (0..<4000).map { 5 + $0 % 900 }
            try await wire.sendRequest(
                "POST", "/v1/completions",
                body: #"{"prompt": \#(ids), "max_tokens": 20, "ignore_eos": true, "stream": true}"#)
            try await server.wait(for: "the request runs") { $0.cacheBlocksUsed > 0 }
            await server.terminate()
            var health = try await server.get("/health")
            for _ in 0..<100 where health.status == 200 { health = try await server.get("/health") }
            #expect(health.status == 503 && health.body.contains("draining"))
            let late = try await server.complete(#"{"prompt": "a"}"#)
            #expect(try late.status == 503 && late.error.code == "shutting_down")
            #expect(late.headers["retry-after"] != nil)
            let reply = try await wire.reply()
            #expect(reply.events.last == "[DONE]")
        }
    }

    @Test("what has not ended when the time is over is told so and ended", arguments: [true, false])
    func drainTime(streams: Bool) async throws {
        var options = ServerOptions()
        options.drainTime = .milliseconds(50)
        var engine = TestServer.engineOptions
        engine.prefillChunk = 1
        try await TestServer.run(options, engine: engine) { server in
            let wire = try server.wire()
            let ids = (0..<4000).map { 5 + $0 % 900 }
            try await wire.sendRequest(
                "POST", "/v1/completions", body: #"{"prompt": \#(ids), "max_tokens": 9, "stream": \#(streams)}"#)
            try await server.wait(for: "the request runs") { $0.cacheBlocksUsed > 0 }
            await server.terminate()
            let reply = try await wire.reply()
            if streams {
                #expect(reply.status == 200 && reply.events.count == 1)
                #expect(reply.events.last?.contains("shutting down") == true)
            } else {
                #expect(try reply.status == 503 && reply.error.code == "shutting_down")
            }
            try await server.wait(for: "the blocks are free") { $0.cacheBlocksUsed == 0 }
        }
    }

    @Test("a server listens before its model is there, and says how far it is")
    func loading() async throws {
        let (ports, feed) = AsyncStream<Int>.makeStream()
        let (gate, open) = AsyncStream<Void>.makeStream()
        var options = ServerOptions()
        options.port = 0
        options.modelNames = ["org/name", "alias"]
        let server = Server(
            options: options, logger: TestServer.quiet, onListening: { feed.yield($0) },
            load: { progress in
                progress(0.5)
                for await _ in gate {}
                let engine = try await Engine.load(options: TestServer.engineOptions)
                return ServedModel(engine: engine, name: "tiny")
            })
        let group = ServiceGroup(configuration: .init(services: [server], logger: TestServer.quiet))
        let running = Task { try await group.run() }
        let port = try #require(await ports.first { _ in true })
        let wire = try Wire(port: port)
        var health = try await wire.get("/health")
        for _ in 0..<100 where !health.body.contains("0.5") { health = try await wire.get("/health") }
        #expect(health.status == 503)
        #expect(health.body == #"{"status":"loading","progress":0.5}"#)
        let early = try await wire.post("/v1/completions", #"{"prompt": "a"}"#)
        #expect(try early.status == 503 && early.error.code == "loading" && early.headers["retry-after"] != nil)
        open.finish()
        for _ in 0..<3000 where health.status != 200 {
            health = try await wire.get("/health")
            if health.status != 200 { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(health.body == #"{"status":"ok"}"#)
        let models = try await wire.get("/v1/models")
        let data = try #require(try models.json["data"] as? [[String: Any]])
        #expect(data.map { $0["id"] as? String } == ["org/name", "alias"])
        #expect(try await wire.get("/v1/models/org/name").json["id"] as? String == "org/name")
        #expect(try await wire.get("/v1/models/tiny").status == 404)
        await group.triggerGracefulShutdown()
        try await running.value
    }

    @Test("a model that cannot be loaded ends the server with its error")
    func failedLoad() async throws {
        var options = ServerOptions()
        options.port = 0
        let server = Server(options: options, logger: TestServer.quiet) { _ in
            _ = try await Engine.load(.directory(URL(filePath: "/nowhere")))
            throw CancellationError()
        }
        await #expect { try await server.run() } throws: {
            ($0 as? any UserFacingError)?.message.contains("/nowhere") == true
        }
    }

    @Test("an address that is taken is an error that names it")
    func addressTaken() async throws {
        try await TestServer.run { server in
            var options = ServerOptions()
            options.port = server.port
            let second = Server(
                ServedModel(engine: server.engine, name: "b"), options: options, logger: TestServer.quiet)
            await #expect {
                try await second.run()
            } throws: {
                guard case .cannotListen("127.0.0.1", server.port, _)? = $0 as? ServerError else { return false }
                return true
            }
        }
    }
}
