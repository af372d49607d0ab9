import Batches
import Foundation
import Parterre
import TestSupport
import Testing

@testable import ParterreServer

@Suite("Batches over HTTP", .timeLimit(.minutes(10)))
struct BatchesTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private var options: ServerOptions {
        var options = ServerOptions()
        options.batches = BatchServerOptions(folder: folder.url.appending(path: "store").path)
        return options
    }

    private static let bodies = (0..<12).map { index in
        #"{"prompt": "The garden in \#(["spring", "June", "autumn"][index % 3])", "max_tokens": \#(8 + index), "#
            + #""temperature": \#(index % 2 == 0 ? "0" : "0.9"), "echo": \#(index % 4 == 0)}"#
    }

    @Test("a batch is answered as its endpoint answers, and what it cannot answer is in its error file")
    func batch() async throws {
        try await TestServer.run(options) { server in
            let id = try await server.batch(
                TestServer.input(Self.bodies + [#"{"prompt": 5}"#, #"{"prompt": "x", "model": "other"}"#]))
            let batch = try await server.ended(id)
            #expect(batch["status"] as? String == "completed")
            #expect(
                batch["request_counts"] as? [String: Int]
                    == ["total": 14, "completed": 12, "failed": 2])
            #expect(batch["model"] as? String == "tiny")
            let texts = try await server.texts(batch["output_file_id"])
            #expect(texts.count == 12)
            for (index, body) in Self.bodies.enumerated() where index % 2 == 0 {
                let choices = try #require(try await server.complete(body).json["choices"] as? [[String: Any]])
                #expect(texts["r\(index)"] == choices.first?["text"] as? String)
            }
            let errors = try #require(batch["error_file_id"] as? String)
            let content = try await server.get("/v1/files/\(errors)/content").body
            let lines = content.split(separator: "\n").sorted { $0.contains("r12") && !$1.contains("r12") }
            #expect(lines.count == 2)
            #expect(lines[0].contains(#""custom_id":"r12","response":{"status_code":400,"#))
            #expect(lines[0].contains(#""param":"prompt""#))
            #expect(lines[1].contains(#""custom_id":"r13","response":{"status_code":404,"#))
            #expect(lines[1].contains(#""code":"model_not_found""#))
            let metrics = try Exposition(try await server.get("/metrics").body)
            #expect(metrics.value("parterre:batches", ["status": "completed"]) == 1)
            #expect(metrics.value("parterre:batches", ["status": "in_progress"]) == 0)
            #expect(metrics.value("parterre:batch_requests_left") == 0)
            #expect(metrics.value("parterre:batch_file_bytes") ?? 0 > Double(content.utf8.count))
            let list = try await server.get("/v1/batches?limit=1").json
            #expect((list["data"] as? [[String: Any]])?.first?["id"] as? String == id)
        }
    }

    @Test("chats are answered in batches as their endpoint answers them")
    func chats() async throws {
        try await TestServer.runChat(options) { server in
            let body = #"{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, "seed": 5}"#
            let bad = #"{"messages": [{"role": "tool", "content": "4"}]}"#
            let id = try await server.batch(
                TestServer.input([body, bad], endpoint: "/v1/chat/completions"), endpoint: "/v1/chat/completions")
            let batch = try await server.ended(id)
            #expect(batch["request_counts"] as? [String: Int] == ["total": 2, "completed": 1, "failed": 1])
            let output = try #require(batch["output_file_id"] as? String)
            let line = try await server.get("/v1/files/\(output)/content").json
            let response = try #require(line["response"] as? [String: Any])
            let answer = try #require(response["body"] as? [String: Any])
            #expect(answer["object"] as? String == "chat.completion")
            let direct = try await server.post("/v1/chat/completions", body).json
            #expect(try canonical(answer["choices"]) == canonical(direct["choices"]))
            let errors = try #require(batch["error_file_id"] as? String)
            #expect(try await server.get("/v1/files/\(errors)/content").body.contains("There are no tools here."))
        }
    }

    @Test("a server that ends in a batch goes on in it when it starts again, with the same texts")
    func restart() async throws {
        let whole = try await {
            let other = try TemporaryDirectory()
            var options = ServerOptions()
            options.batches = BatchServerOptions(folder: other.url.appending(path: "store").path)
            return try await answered(options, ending: nil)
        }()
        #expect(whole.count == 12)
        var slow = options
        slow.batches?.linesInFlight = 1
        #expect(try await answered(slow, ending: 3) == whole)
    }

    /// - Parameter ending: end the server once so many lines are answered, and start another.
    private func answered(_ options: ServerOptions, ending: Int?) async throws -> [String: String] {
        let texts = Held<[String: String]>([:])
        let id = Held("")
        let input = TestServer.input(Self.bodies)
        if let ending {
            try await TestServer.run(options) { server in
                id.value = try await server.batch(input)
                for _ in 0..<6000 {
                    let batch = try await server.get("/v1/batches/\(id.value)").json
                    if let counts = batch["request_counts"] as? [String: Int], counts["completed"] ?? 0 >= ending {
                        break
                    }
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
        }
        try await TestServer.run(options) { server in
            if ending == nil { id.value = try await server.batch(input) }
            let batch = try await server.ended(id.value)
            #expect(batch["request_counts"] as? [String: Int] == ["total": 12, "completed": 12, "failed": 0])
            texts.value = try await server.texts(batch["output_file_id"])
        }
        return texts.value
    }

    @Test("a cancelled batch frees the engine and keeps what it has")
    func cancel() async throws {
        try await TestServer.run(options) { server in
            let id = try await server.batch(
                TestServer.input(
                    [#"{"prompt": "The", "max_tokens": 2}"#] + Array(repeating: Self.endless(server), count: 4)))
            try await server.wait(for: "the batch to run") { $0.runningSequences >= 4 }
            let cancelled = try await server.post("/v1/batches/\(id)/cancel", "")
            #expect(cancelled.status == 200)
            #expect(try cancelled.json["status"] as? String == "cancelling")
            let batch = try await server.ended(id)
            #expect(batch["status"] as? String == "cancelled")
            try await server.wait(for: "the engine to be empty") { $0.runningSequences == 0 && $0.cacheBlocksUsed == 0 }
            let again = try await server.post("/v1/batches/\(id)/cancel", "")
            #expect(again.status == 400)
            #expect(try again.error.message.hasSuffix("cannot be cancelled: it is cancelled"))
        }
    }

    /// A body whose text nobody waits for.
    private static func endless(_ server: TestServer) -> String {
        let tokens = min(20_000, server.engine.memoryPlan.cacheTokens / 4 - 32)
        return #"{"prompt": "Once", "max_tokens": \#(tokens), "ignore_eos": true}"#
    }

    @Test("a request of somebody who waits is served while a batch fills the engine")
    func priority() async throws {
        try await TestServer.run(options) { server in
            let id = try await server.batch(TestServer.input(Array(repeating: Self.endless(server), count: 16)))
            try await server.wait(for: "the batch to run") { $0.runningSequences >= 3 }
            #expect(try await server.complete(#"{"prompt": "The", "max_tokens": 4}"#).status == 200)
            #expect(try await server.get("/v1/batches/\(id)").json["status"] as? String == "in_progress")
            _ = try await server.post("/v1/batches/\(id)/cancel", "")
            _ = try await server.ended(id)
        }
    }

    @Test(
        "what cannot be a batch is refused by its field",
        arguments: [
            (#"{}"#, "input_file_id"),
            (
                #"{"input_file_id": "file-no", "endpoint": "/v1/completions", "completion_window": "24h"}"#,
                "input_file_id"
            ),
            (#"{"input_file_id": "f", "endpoint": "/v1/embeddings", "completion_window": "24h"}"#, "endpoint"),
        ])
    func refused(body: String, param: String) async throws {
        try await TestServer.run(options) { server in
            let reply = try await server.post("/v1/batches", body)
            #expect(reply.status == 400)
            #expect(try reply.error.param == param)
            #expect(try await server.get("/v1/batches/batch_no").status == 404)
        }
    }

    @Test("two servers cannot have one folder")
    func owner() async throws {
        try await TestServer.run(options) { server in
            var second = options
            second.port = 0
            let other = Server(
                ServedModel(engine: server.engine, name: "tiny"), options: second, logger: TestServer.quiet)
            await #expect(throws: BatchesError.self) { try await other.run() }
            let reply = try await server.get("/v1/batches")
            #expect(reply.status == 200)
        }
    }
}

private final class Held<Value: Sendable>: @unchecked Sendable {
    var value: Value

    init(_ value: Value) { self.value = value }
}
