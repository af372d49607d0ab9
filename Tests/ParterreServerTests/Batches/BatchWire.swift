import Foundation
import TestSupport
import Testing

@testable import ParterreServer

/// A form as the `openai` client writes it.
struct UploadForm {
    var content: String
    var purpose: String? = "batch"
    var filename: String? = "in.jsonl"
    var fields: [(String, String)] = []

    private static let boundary = "9f3c"
    static let type = "multipart/form-data; boundary=\(boundary)"

    var body: String {
        var parts = (purpose.map { [("purpose", $0)] } ?? []) + fields
        if let filename { parts.append(("file\"; filename=\"\(filename)", content)) }
        let written = parts.map {
            "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"\($0.0)\"\r\n\r\n\($0.1)\r\n"
        }
        return written.joined() + "--\(Self.boundary)--\r\n"
    }
}

extension TestServer {
    func upload(_ form: UploadForm) async throws -> Reply {
        let wire = try wire()
        let body = form.body
        try await wire.send(
            "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(UploadForm.type)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return try await wire.reply()
    }

    func delete(_ path: String) async throws -> Reply {
        let wire = try wire()
        try await wire.sendRequest("DELETE", path, body: nil)
        return try await wire.reply()
    }

    /// Upload a file and create a batch of it.
    ///
    /// - Returns: the batch's id.
    func batch(_ content: String, window: String = "24h", endpoint: String = "/v1/completions") async throws -> String {
        let file = try #require(try await upload(UploadForm(content: content)).json["id"] as? String)
        let body =
            #"{"input_file_id": "\#(file)", "endpoint": "\#(endpoint)", "completion_window": "\#(window)"}"#
        let reply = try await post("/v1/batches", body)
        #expect(reply.status == 200)
        return try #require(try reply.json["id"] as? String)
    }

    /// Ask for a batch until it has ended.
    func ended(_ id: String) async throws -> [String: Any] {
        for _ in 0..<6000 {
            let batch = try await get("/v1/batches/\(id)").json
            let status = try #require(batch["status"] as? String)
            if ["completed", "failed", "expired", "cancelled"].contains(status) { return batch }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("batch \(id) does not end")
        return [:]
    }

    /// The texts of a batch's answers by their custom ids.
    func texts(_ fileID: Any?) async throws -> [String: String] {
        let content = try await get("/v1/files/\(try #require(fileID as? String))/content")
        #expect(content.status == 200)
        var texts: [String: String] = [:]
        for line in content.body.split(separator: "\n") {
            let json = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let response = try #require(json["response"] as? [String: Any])
            let body = try #require(response["body"] as? [String: Any])
            let choices = try #require(body["choices"] as? [[String: Any]])
            let id = try #require(json["custom_id"] as? String)
            #expect(texts[id] == nil)
            texts[id] = choices.map { $0["text"] as? String ?? "-" }.joined(separator: "|")
        }
        return texts
    }

    static func input(_ bodies: [String], endpoint: String = "/v1/completions") -> String {
        bodies.enumerated().map { index, body in
            #"{"custom_id": "r\#(index)", "method": "POST", "url": "\#(endpoint)", "body": \#(body)}"# + "\n"
        }
        .joined()
    }
}
