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

    @Test("what cannot be used ends it with code 2 and one sentence")
    func refusals() async throws {
        for (arguments, word) in [
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
