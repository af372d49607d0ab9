import Foundation
import FoundationNetworking
import TestSupport
import Testing

@testable import ParterreCLI

@Suite("parterre serve")
struct ServeEndToEndTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func started(_ more: String...) throws -> (Program.Running, Pipe) {
        let output = Pipe()
        let running = try Program.start(
            ["serve"] + place.modelOptions + ["--port", "0"] + more, output: output.fileHandleForWriting)
        return (running, output)
    }

    /// The address on standard output.
    private func address(_ output: Pipe) async throws -> URL {
        let line = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                var bytes = Data()
                while !bytes.contains(0x0A) {
                    let more = output.fileHandleForReading.availableData
                    if more.isEmpty { break }
                    bytes += more
                }
                continuation.resume(with: Result { bytes })
            }
        }
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.hasPrefix("http://127.0.0.1:") && text.hasSuffix("\n"))
        return try #require(URL(string: text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    private func get(_ url: URL) async throws -> (status: Int, body: String) {
        let (data, response) = try await URLSession.shared.data(from: url)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
    }

    @Test("prints its address, serves the model, logs no prompts, and ends well on SIGTERM")
    func serves() async throws {
        let (running, output) = try started("--served-model-name", "bytes", "--api-keys", try place.keys("sk-1"))
        let base = try await address(output)
        var health = (status: 0, body: "")
        for _ in 0..<3000 where health.status != 200 {
            health = try await get(base.appending(path: "health"))
            if health.status != 200 { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(health.body == #"{"status":"ok"}"#)
        #expect(try await get(base.appending(path: "v1/models")).status == 401)

        var request = URLRequest(url: base.appending(path: "v1/completions"))
        request.httpMethod = "POST"
        request.setValue("Bearer sk-1", forHTTPHeaderField: "Authorization")
        request.httpBody = Data(#"{"model": "bytes", "prompt": "secret", "max_tokens": 5, "ignore_eos": true}"#.utf8)
        let (data, response) = try await URLSession.shared.data(for: request)
        #expect((response as? HTTPURLResponse)?.statusCode == 200)
        #expect(String(decoding: data, as: UTF8.self).contains(#""completion_tokens":5"#))

        running.send(SIGTERM)
        let outcome = try await running.outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("POST /v1/completions") && outcome.errors.contains("completion_tokens=5"))
        #expect(!outcome.errors.contains("secret"))
    }

    @Test("a second signal ends it at once")
    func secondSignal() async throws {
        let (running, output) = try started("--prefill-chunk", "1")
        let base = try await address(output)
        var status = 0
        for _ in 0..<3000 where status != 200 {
            status = try await get(base.appending(path: "health")).status
            if status != 200 { try await Task.sleep(for: .milliseconds(10)) }
        }
        var request = URLRequest(url: base.appending(path: "v1/completions"))
        request.httpMethod = "POST"
        request.httpBody = Data(#"{"prompt": "a", "max_tokens": 4000, "n": 64, "ignore_eos": true}"#.utf8)
        let waiting = Task { [request] in try await URLSession.shared.data(for: request) }
        var page = ""
        for _ in 0..<3000 where !page.contains("parterre:requests_in_flight{model_name=\"model\"} 1\n") {
            page = try await get(base.appending(path: "metrics")).body
        }
        try #require(page.contains("parterre:requests_in_flight{model_name=\"model\"} 1\n"), "\(page)")
        running.send(SIGTERM)
        while try await get(base.appending(path: "health")).status == 200 {}
        running.send(SIGINT)
        let outcome = try await running.outcome()
        #expect(outcome.code == 1 && outcome.errors.contains("ended at once"), "\(outcome.errors)")
        _ = await waiting.result
    }

    @Test("chats by the model's own template, or by the one that it is given")
    func chats() async throws {
        try place.write(
            "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}", to: "model/chat_template.jinja")
        try place.write("{{ bos_token }}{{ messages[0].content }}", to: "other.jinja")
        for (more, text) in [([], "[user]secret"), (["--chat-template", place.path("other.jinja")], "<s>secret")] {
            let output = Pipe()
            let running = try Program.start(
                ["serve"] + place.modelOptions + ["--port", "0"] + more, output: output.fileHandleForWriting)
            let base = try await address(output)
            func post(_ path: String, _ body: String) async throws -> String {
                var request = URLRequest(url: base.appending(path: path))
                request.httpMethod = "POST"
                request.httpBody = Data(body.utf8)
                for _ in 0..<3000 {
                    let (data, response) = try await URLSession.shared.data(for: request)
                    if (response as? HTTPURLResponse)?.statusCode != 503 {
                        return String(decoding: data, as: UTF8.self)
                    }
                    try await Task.sleep(for: .milliseconds(10))
                }
                return ""
            }
            let messages = #""messages": [{"role": "user", "content": "secret"}]"#
            let read = try await post("tokenize", "{\(messages)}")
            #expect(read == (try await post("tokenize", #"{"prompt": "\#(text)"}"#)) && read.contains("tokens"))
            let answer = try await post(
                "v1/chat/completions", #"{\#(messages), "max_tokens": 3, "ignore_eos": true}"#)
            #expect(answer.contains(#""completion_tokens":3"#), "\(answer)")
            running.send(SIGTERM)
            let outcome = try await running.outcome()
            #expect(outcome.code == 0 && !outcome.errors.contains("secret"), "\(outcome.errors)")
        }
    }

    @Test("what cannot be used ends it with code 2 and one sentence")
    func refusals() async throws {
        let broken = try Workplace()
        try broken.write("{% for m in messages %}", to: "model/chat_template.jinja")
        try place.write("{% if %}", to: "broken.jinja")
        for (arguments, word) in [
            (["--model", broken.model], broken.model), (["--model", broken.model], "--chat-template none"),
            (["--chat-template", place.path("broken.jinja")], "broken.jinja"),
            (["--chat-template", "/nowhere/chat.jinja"], "/nowhere/chat.jinja"),
            (["--model", "/nowhere"], "/nowhere"), (["--api-keys", "/nowhere/keys"], "/nowhere/keys"),
            (["--port", "99999"], "--port"), (["--max-n", "0"], "--max-n"),
        ] {
            let outcome = try await Program.run(["serve", "--port", "0"] + arguments)
            #expect(outcome.code == 2, "\(arguments)")
            #expect(outcome.errors.contains(word), "\(outcome.errors)")
            #expect(outcome.output.isEmpty, "no address is given: \(outcome.output)")
        }
    }
}

extension Workplace {
    /// A file of keys.
    fileprivate func keys(_ key: String) throws -> String {
        try write("# for tests\n\(key)\n", to: "keys")
        return path("keys")
    }
}
