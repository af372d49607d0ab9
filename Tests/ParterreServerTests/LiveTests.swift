import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("What is told live")
struct LiveTests {
    /// The next moment that a listener is told, `nil` at the end.
    private func moment(_ wire: Wire) async throws -> (text: String, json: [String: Any])? {
        guard let chunk = try await wire.chunk(), !chunk.isEmpty else { return nil }
        #expect(chunk.hasPrefix("data: ") && chunk.hasSuffix("\n\n"))
        let text = String(chunk.dropFirst(6))
        return (text, try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]))
    }

    private func listen(_ server: TestServer, headers: [String: String] = [:]) async throws -> Wire {
        let wire = try server.wire()
        try await wire.sendRequest("GET", "/live", body: nil, headers: headers)
        let head = try await wire.head()
        #expect(head.status == 200 && head.headers["content-type"] == "text/event-stream")
        return wire
    }

    /// Cells of a moment, one by one.
    private func cells(_ moment: [String: Any]) throws -> [Int] {
        let blocks = try #require(moment["blocks"] as? [String: Any])
        let runs = try #require(blocks["cells"] as? [Int])
        return stride(from: 0, to: runs.count, by: 2).flatMap { Array(repeating: runs[$0], count: runs[$0 + 1]) }
    }

    @Test("who runs and who holds which block is told under the request's name, and no word of its text")
    func batch() async throws {
        try await TestServer.run { server in
            let listener = try await listen(server)
            let first = try #require(try await moment(listener))
            #expect(first.json["running"] as? Int == 0 && (first.json["sequences"] as? [Any])?.isEmpty == true)
            let writer = try server.wire()
            try await writer.sendRequest(
                "POST", "/v1/completions",
                body: #"{"prompt": ["Zanzibar", "Zanzibar"], "max_tokens": 4000, "ignore_eos": true, "stream": true}"#,
                headers: ["X-Request-Id": "mine"])
            var seen: [String: Any]?
            while seen == nil {
                let moment = try #require(try await moment(listener))
                #expect(!moment.text.contains("Zanzibar"))
                let sequences = try #require(moment.json["sequences"] as? [[String: Any]])
                let cells = try cells(moment.json)
                let used = try #require((moment.json["blocks"] as? [String: Any])?["used"] as? Int)
                #expect(cells.count { $0 >= 2 } == used && cells.allSatisfy { $0 < 2 + 2 * sequences.count })
                if sequences.count == 2, used > 4 {
                    #expect(Set(sequences.compactMap { $0["label"] as? String }) == ["mine/0", "mine/1"])
                    seen = moment.json
                }
            }
            writer.hangUp()
            var last = seen
            while last?["running"] as? Int != 0 { last = try #require(try await moment(listener)).json }
            #expect(try cells(try #require(last)).allSatisfy { $0 < 2 })
        }
    }

    @Test("so many may listen and no more, until one leaves")
    func bounds() async throws {
        try await TestServer.run { server in
            var wires: [Wire] = []
            for _ in 0..<LiveFeature.mostListeners { wires.append(try await listen(server)) }
            let refused = try await server.get("/live")
            let code = try refused.error.code
            #expect(refused.status == 429 && code == "too_many_listeners")
            #expect(refused.headers["retry-after"] != nil)
            wires[3].hangUp()
            // It is heard of when the system says so.
            var status = 429
            for _ in 0..<1000 where status == 429 {
                let wire = try server.wire()
                try await wire.sendRequest("GET", "/live", body: nil)
                status = try await wire.head().status
                if status == 429 { try await Task.sleep(for: .milliseconds(10)) }
            }
            #expect(status == 200)
        }
    }

    @Test("a question for the head alone takes nobody's place")
    func head() async throws {
        try await TestServer.run { server in
            for _ in 0..<LiveFeature.mostListeners + 5 {
                let wire = try server.wire()
                try await wire.sendRequest("HEAD", "/live", body: nil)
                #expect(try await wire.head().status == 200)
            }
            _ = try await listen(server)
        }
    }

    @Test("it ends with the server, and is told with a key where one is wanted")
    func end() async throws {
        var options = ServerOptions()
        options.keys = try KeyRing(["secret"])
        try await TestServer.run(options) { server in
            let listener = try await listen(server, headers: ["Authorization": "Bearer secret"])
            #expect(try await moment(listener) != nil)
            await server.terminate()
            var last = try await listener.chunk()
            while last?.isEmpty == false { last = try await listener.chunk() }
            #expect(last == "", "the stream ends as one should")
        }
    }

    @Test("a hub knows for how long a client has taken nothing, and gives a place free")
    func hub() async throws {
        let hub = LiveHub(mostListeners: 1)
        let listener = try hub.join()
        #expect(listener.stall == .zero && hub.listeners == 1)
        #expect(throws: APIError.self) { try hub.join() }
        listener.writes(true)
        try await Task.sleep(for: .milliseconds(2))
        #expect(listener.stall > .zero)
        listener.writes(false)
        #expect(listener.stall == .zero)
        listener.leave()
        #expect(hub.listeners == 0)
        _ = try hub.join()
        #expect(hub.listeners == 0, "nobody holds it")
        hub.end()
        #expect(throws: APIError.self) { try hub.join() }
    }
}
