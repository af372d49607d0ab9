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

    private func read(
        _ bodies: [String], for endpoint: BatchOrder.Endpoint = .completions
    ) async throws -> [BatchRequest] {
        let path = folder.url.appending(path: "in.jsonl").path
        let lines = bodies.enumerated().map { index, body in
            #"{"custom_id": "r\#(index)", "method": "POST", "url": "\#(endpoint.rawValue)", "body": \#(body)}"#
                + "\n"
        }
        try Data(lines.joined().utf8).write(to: URL(filePath: path))
        var defaults = RequestOptions()
        defaults.parameters.temperature = 0.5
        var requests = BatchRequests(InputLines(try InputFile(path)), endpoint: endpoint, defaults: defaults)
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
        guard case .completion(let first) = try requests[0].body.get(),
            case .completion(let second) = try requests[1].body.get()
        else {
            Issue.record("a line is read as a chat")
            return
        }
        #expect(first.echo && first.options.n == 2 && first.options.parameters.maxTokens == 3)
        #expect(first.options.parameters.temperature == 0.5)
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

    @Test("are chats where the batch's endpoint is")
    func chats() async throws {
        let requests = try await read(
            [
                #"{"messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 3}"#, #"{"prompt": "x"}"#,
                #"{"messages": [{"role": "user", "content": "Hi"}], "stream": true}"#,
                #"{"messages": [{"role": "user", "content": 5}]}"#,
            ], for: .chatCompletions)
        guard case .chat(let chat) = try requests[0].body.get() else {
            Issue.record("the line is not read as a chat")
            return
        }
        #expect(chat.prompt.messages == [.init(role: "user", texts: ["Hi"])] && chat.maxTokens == 3)
        #expect(chat.options.parameters.temperature == 0.5)
        #expect(chat.options.parameters.seed == BatchRequests.seed(of: "r0"))
        let fields = requests.dropFirst().map { request -> String? in
            guard case .failure(let error) = request.body else { return nil }
            return error.field
        }
        #expect(fields == ["prompt", "stream", "messages[0].content"])
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
