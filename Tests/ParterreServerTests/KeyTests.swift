import Foundation
import TestSupport
import Testing

@testable import ParterreServer

@Suite("API keys")
struct KeyTests {
    @Test("open what they guard, and nothing else does")
    func guarded() async throws {
        var options = ServerOptions()
        options.keys = try KeyRing(["sk-one", "sk-two"])
        try await TestServer.run(options) { server in
            let wire = try server.wire()
            #expect(try await wire.get("/health").status == 200)
            for wrong in [nil, "Bearer", "Bearer sk-on", "Bearer sk-one2", "sk-one", "Basic sk-one", "Bearer sk-thr"] {
                let headers = wrong.map { ["Authorization": $0] } ?? [:]
                let reply = try await wire.get("/v1/models", headers: headers)
                #expect(try reply.status == 401 && reply.error.code == "invalid_api_key", "\(wrong ?? "none")")
                #expect(try reply.error.type == "authentication_error")
                #expect(reply.headers["www-authenticate"] == "Bearer")
            }
            for right in ["Bearer sk-one", "bearer sk-two"] {
                #expect(try await wire.get("/v1/models", headers: ["Authorization": right]).status == 200)
            }
            #expect(try await wire.post("/v1/completions", "{}").status == 401)
        }
    }

    @Test("compare in full: only an equal key opens")
    func comparison() throws {
        let keys = ["a", "ab", String(repeating: "k", count: 256)]
        let ring = try KeyRing(keys)
        for key in keys { #expect(ring.opens(with: Array(key.utf8))) }
        for other in ["", "b", "abc", "a\0", String(repeating: "k", count: 255), String(repeating: "k", count: 257)] {
            #expect(!ring.opens(with: Array(other.utf8)), "\(other.utf8.count) bytes")
        }
    }

    @Test("stand in a file, one a line; a file that holds none is an error that names it")
    func file() throws {
        let folder = try TemporaryDirectory()
        let file = folder.url.appending(path: "keys")
        try Data("# ours\r\n  sk-1  \n\nsk-2".utf8).write(to: file)
        let ring = try KeyRing(contentsOf: file)
        #expect(ring.opens(with: Array("sk-1".utf8)) && ring.opens(with: Array("sk-2".utf8)))
        #expect(!ring.opens(with: Array("# ours".utf8)))
        for bad in ["", "# none\n", "two words", String(repeating: "k", count: 257), "ü"] {
            try Data(bad.utf8).write(to: file)
            #expect { try KeyRing(contentsOf: file) } throws: { "\($0)".contains(file.path) }
        }
        #expect(throws: ServerError.self) { try KeyRing(contentsOf: folder.url.appending(path: "none")) }
    }
}
