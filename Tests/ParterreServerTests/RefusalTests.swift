import Foundation
import HTTPTypes
import Parterre
import Testing

@testable import ParterreServer

@Suite("What the server refuses")
struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var body: String
        var param: String?
        var says: String

        var testDescription: String { String(body.prefix(80)) }
    }

    static let badBodies: [Case] = [
        Case(body: "", param: nil, says: "not valid JSON"),
        Case(body: "[1]", param: nil, says: "not a JSON object"),
        Case(body: "{\"prompt\": \"\u{0}", param: nil, says: "not valid JSON"),
        Case(body: #"{}"#, param: "prompt", says: "missing"),
        Case(body: #"{"prompt": ""}"#, param: "prompt", says: "empty"),
        Case(body: #"{"prompt": []}"#, param: "prompt", says: "empty"),
        Case(body: #"{"prompt": [["a"], [1]]}"#, param: "prompt", says: "must be a string"),
        Case(body: #"{"prompt": [-1]}"#, param: "prompt", says: "not a token id"),
        Case(body: #"{"prompt": [99999]}"#, param: "prompt_token_ids", says: "vocabulary"),
        Case(body: #"{"prompt": "a", "max_tokens": 0}"#, param: "max_tokens", says: "at least 1"),
        Case(body: #"{"prompt": "a", "max_tokens": -5}"#, param: "max_tokens", says: "between 1 and"),
        Case(body: #"{"prompt": "a", "max_tokens": "9"}"#, param: "max_tokens", says: "whole number"),
        Case(body: #"{"prompt": "a", "max_tokens": 2147483647}"#, param: "prompt", says: "room for"),
        Case(body: #"{"prompt": "a", "max_tokens": 9223372036854775807}"#, param: "prompt", says: "room for"),
        Case(body: #"{"prompt": "a", "n": 1000000000}"#, param: "n", says: "at most 128"),
        Case(body: #"{"prompt": "a", "n": 0}"#, param: "n", says: "between 1 and"),
        Case(body: #"{"prompt": "a", "n": 2, "best_of": 1}"#, param: "best_of", says: "between n (2)"),
        Case(body: #"{"prompt": "a", "best_of": 2, "stream": true}"#, param: "best_of", says: "streamed"),
        Case(body: #"{"prompt": "a", "suffix": "b"}"#, param: "suffix", says: "only continues"),
        Case(body: #"{"prompt": "a", "temprature": 1}"#, param: "temprature", says: "unknown field"),
        Case(body: #"{"prompt": "a", "temperature": -1}"#, param: "temperature", says: "positive"),
        Case(body: #"{"prompt": "a", "temperature": 1e999}"#, param: "temperature", says: "must be a number"),
        Case(body: #"{"prompt": "a", "top_p": 0}"#, param: "top_p", says: "greater than 0"),
        Case(body: #"{"prompt": "a", "logprobs": 21}"#, param: "logprobs", says: "between 0 and 20"),
        Case(body: #"{"prompt": "a", "stop": [""]}"#, param: "stop", says: "empty string"),
        Case(body: #"{"prompt": "a", "stop": ["1","2","3","4","5"]}"#, param: "stop", says: "at most 4"),
        Case(body: #"{"prompt": "a", "stop": "0123456789abcdef!"}"#, param: "stop", says: "at most 16"),
        Case(body: #"{"prompt": "a", "logit_bias": {"x": 1}}"#, param: "logit_bias", says: "not a token id"),
        Case(body: #"{"prompt": "a", "stream_options": {}}"#, param: "stream_options", says: "set stream"),
        Case(
            body: #"{"prompt": "a", "stream": true, "stream_options": {"x": 1}}"#, param: "stream_options.x",
            says: "unknown field"),
        Case(body: #"{"prompt": ["a","b","c"], "n": 100}"#, param: "prompt", says: "256 sequences"),
        Case(
            body: #"{"prompt": "a", "include_stop_str_in_output": true}"#, param: "include_stop_str_in_output",
            says: "not served"),
    ]

    @Test("a body that cannot be served gets a 400 that names the field, and the next request is served")
    func badBodies() async throws {
        var options = ServerOptions()
        options.limits.sequences = 256
        options.limits.stopStrings = 4
        options.limits.stopBytes = 16
        try await TestServer.run(options) { server in
            let wire = try server.wire()
            for bad in Self.badBodies {
                let reply = try await wire.post("/v1/completions", bad.body)
                #expect(reply.status == 400, "\(bad.body)")
                let error = try reply.error
                #expect(error.type == "invalid_request_error", "\(bad.body)")
                #expect(error.param == bad.param, "\(bad.body): \(error.message)")
                #expect(error.message.contains(bad.says), "\(bad.body): \(error.message)")
            }
            let status = await server.engine.status()
            #expect(status.steps == 0)
            #expect(try await wire.post("/v1/completions", #"{"prompt": "a", "max_tokens": 1}"#).status == 200)
        }
    }

    @Test("limits of prompt and new tokens, of the body, and of what else there is")
    func limits() async throws {
        var options = ServerOptions()
        options.limits.promptTokens = 4
        options.limits.newTokens = 10
        options.limits.samples = 3
        options.limits.bodyBytes = 2000
        options.limits.answerBytes = 20_000
        try await TestServer.run(options) { server in
            let long = try await server.complete(#"{"prompt": [5,6,7,8,9], "max_tokens": 1}"#)
            #expect(long.status == 400)
            #expect(try long.error.param == "prompt" && long.error.message.contains("at most 4"))
            let many = try await server.complete(#"{"prompt": [5], "max_tokens": 11}"#)
            #expect(try many.status == 400 && many.error.param == "max_tokens")
            let samples = try await server.complete(#"{"prompt": [5], "max_tokens": 1, "n": 4}"#)
            #expect(try samples.status == 400 && samples.error.param == "n")
            let default16 = try await server.complete(#"{"prompt": [5]}"#)
            #expect(try default16.status == 400 && default16.error.param == "max_tokens")

            let answer = try await server.complete(
                #"{"prompt": [5], "max_tokens": 10, "n": 3, "logprobs": 20, "echo": true}"#)
            #expect(try answer.status == 400 && answer.error.code == "answer_too_large")

            let large = try await server.complete(#"{"prompt": "\#(String(repeating: "a", count: 2000))"}"#)
            #expect(try large.status == 413 && large.error.code == "body_too_large")
            // The same, sent piece by piece without its length.
            let wire = try server.wire()
            try await wire.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<3 { try await wire.send("320\r\n\(String(repeating: " ", count: 800))\r\n") }
            #expect(try await wire.reply().status == 413)
        }
    }

    @Test("a model of another name, a path and a method that are not there")
    func notFound() async throws {
        try await TestServer.run { server in
            let other = try await server.complete(#"{"model": "gpt-4", "prompt": "a"}"#)
            #expect(try other.status == 404 && other.error.code == "model_not_found" && other.error.param == "model")
            let path = try await server.get("/v1/nothing")
            #expect(try path.status == 404 && path.error.code == "unknown_url")
            let method = try await server.get("/v1/completions")
            #expect(try method.status == 404 && method.error.message.contains("GET /v1/completions"))
        }
    }

    @Test("what the engine refuses has the status that says whose turn it is")
    func engineErrors() {
        for (error, status) in [
            (RequestError.queueFull(waiting: 3), 429), (.engineDraining, 503), (.engineStopped, 503),
            (.noTokenizer, 400), (.tooLong(tokens: 9, capacity: 4), 400), (.invalid(field: "n", reason: "x"), 400),
        ] {
            let answer = APIError(error)
            #expect(answer.status.code == status, "\(error)")
            #expect((answer.headers[.retryAfter] != nil) == (status != 400), "\(error)")
        }
        #expect(APIError(CancellationError()).status.code == 499)
    }

    @Test("bytes that are no HTTP get a 400 and the connection's end")
    func noHTTP() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            try await wire.send("\u{1}\u{2}nonsense\r\n\r\n")
            #expect(try await wire.reply().status == 400)
            #expect(try await wire.read(count: 1) == nil)
        }
    }
}
