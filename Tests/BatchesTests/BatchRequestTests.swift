import BatchFiles
import Forms
import Foundation
import Parterre
import TestSupport
import Testing

@testable import Batches

@Suite("Requests of a batch's input")
struct BatchRequestTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func read(_ bodies: [String]) async throws -> [BatchRequest] {
        let path = folder.url.appending(path: "in.jsonl").path
        let lines = bodies.enumerated().map { index, body in
            #"{"custom_id": "r\#(index)", "method": "POST", "url": "/v1/completions", "body": \#(body)}"# + "\n"
        }
        try Data(lines.joined().utf8).write(to: URL(filePath: path))
        var defaults = RequestOptions()
        defaults.parameters.temperature = 0.5
        var requests = BatchRequests(InputLines(try InputFile(path)), endpoint: .completions, defaults: defaults)
        var read: [BatchRequest] = []
        while let request = try await requests.next() { read.append(request) }
        return read
    }

    @Test("are read as the endpoint reads them")
    func bodies() async throws {
        let requests = try await read([
            #"{"prompt": "x", "echo": true, "max_tokens": 3, "n": 2}"#, #"{"prompt": ["x", "y"], "best_of": 3}"#,
        ])
        #expect(requests.map(\.number) == [1, 2])
        #expect(requests.map(\.id) == [.string("r0"), .string("r1")])
        let first = try requests[0].body.get()
        #expect(first.echo && first.options.n == 2 && first.options.parameters.maxTokens == 3)
        #expect(first.options.parameters.temperature == 0.5)
        let second = try requests[1].body.get()
        #expect(second.prompts.count == 2 && second.bestOf == 3 && second.options.parameters.maxTokens == 16)
    }

    @Test("name a bad field as the endpoint does, and cannot be streamed")
    func bad() async throws {
        let requests = try await read([
            #"{"prompt": 5}"#, #"{"prompt": "x", "stream": true}"#, #"{"prompt": "x", "y": 1}"#,
        ])
        let fields = requests.map { request -> String? in
            guard case .failure(let error) = request.body else { return nil }
            return error.field
        }
        #expect(fields == ["prompt", "stream", "y"])
    }

    @Test("without a seed take one from their id, so that a text is the same in each run and not in each line")
    func seeds() async throws {
        let body = #"{"prompt": "x"}"#
        func seeds(_ requests: [BatchRequest]) throws -> [UInt64] {
            try requests.map { try $0.body.get().options.parameters.seed }
        }
        let first = try seeds(await read([body, body, #"{"prompt": "x", "seed": 7}"#]))
        #expect(first == (try seeds(await read([body, body, #"{"prompt": "x", "seed": 7}"#]))))
        #expect(first[0] != first[1] && first[2] == 7)
        // FNV-1a's published value: what a text was drawn with must not change with a release.
        #expect(BatchRequests.seed(of: "foobar") == 0x8594_4171_F739_67E8)
    }
}
