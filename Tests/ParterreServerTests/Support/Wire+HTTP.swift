import Foundation
import Testing

/// An answer, with its body read to the end.
struct Reply: Sendable {
    var status: Int
    /// By lower-case name.
    var headers: [String: String]
    var body = ""

    /// The body as JSON.
    var json: [String: Any] {
        get throws { try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) }
    }

    /// OpenAI's error in the body.
    var error: (message: String, type: String, param: String?, code: String?) {
        get throws {
            let error = try #require(try json["error"] as? [String: Any])
            #expect(Set(error.keys) == ["message", "type", "param", "code"])
            return (
                try #require(error["message"] as? String), try #require(error["type"] as? String),
                error["param"] as? String, error["code"] as? String
            )
        }
    }

    /// The data of all events of a stream.
    var events: [String] {
        body.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
    }

    /// The events that are JSON, in order.
    var chunks: [[String: Any]] {
        get throws {
            try events.filter { $0 != "[DONE]" }.map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
    }
}

extension Wire {
    func post(_ path: String, _ body: String, headers: [String: String] = [:]) async throws -> Reply {
        try await sendRequest("POST", path, body: body, headers: headers)
        return try await reply()
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Reply {
        try await sendRequest("GET", path, body: nil, headers: headers)
        return try await reply()
    }

    func sendRequest(_ method: String, _ path: String, body: String?, headers: [String: String] = [:]) async throws {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        try await send(text + "\r\n" + (body ?? ""))
    }

    func reply() async throws -> Reply {
        var reply = try await head()
        if reply.headers["transfer-encoding"] == "chunked" {
            while let chunk = try await chunk() {
                if chunk.isEmpty { return reply }
                reply.body += chunk
            }
            throw Failure.broken(0)
        }
        let length = reply.headers["content-length"].flatMap { Int($0) } ?? 0
        reply.body = try #require(try await read(count: length))
        return reply
    }

    func head() async throws -> Reply {
        let lines = try #require(try await read(through: "\r\n\r\n")).components(separatedBy: "\r\n")
        let status = try #require(lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) })
        var headers: [String: String] = [:]
        for line in lines.dropFirst() where !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        return Reply(status: status, headers: headers)
    }

    /// The next chunk of a chunked body: empty at its end, `nil` where the connection breaks off.
    func chunk() async throws -> String? {
        guard let line = try await read(through: "\r\n") else { return nil }
        let size = try #require(Int(line.dropLast(1).trimmingCharacters(in: .whitespacesAndNewlines), radix: 16))
        return try await read(count: size + 2).map { String($0.dropLast(1)) }
    }
}
