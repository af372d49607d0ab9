import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("The page")
struct PageTests {
    /// What the page asks its server for, beside what its scripts do.
    private func parts(of page: String) -> [String] {
        page.matches(of: /(?:src|href)="([^"]+)"/).map { String($0.1) }.filter { !$0.hasPrefix("data:") }
    }

    @Test("comes with all its parts, whose types are theirs, and is not sent again while it is the same")
    func parts() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            let page = try await wire.get("/")
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
            let parts = parts(of: page.body)
            #expect(Set(parts) == Set(PageFile.parts.map { "page/\($0.name)" }) && parts.count == PageFile.parts.count)
            for part in parts {
                let reply = try await wire.get("/" + part)
                let type = part.hasSuffix(".css") ? "text/css" : "text/javascript"
                #expect(reply.status == 200 && reply.headers["content-type"] == type + "; charset=utf-8")
                #expect(reply.headers["x-content-type-options"] == "nosniff" && !reply.body.isEmpty)
                let tag = try #require(reply.headers["etag"])
                let again = try await wire.get("/" + part, headers: ["If-None-Match": "\"old\", W/\(tag)"])
                #expect(again.status == 304 && again.body.isEmpty && again.headers["etag"] == tag)
                #expect(try await wire.get("/" + part, headers: ["If-None-Match": "\"old\""]).status == 200)
            }
        }
    }

    @Test("runs nothing but its own scripts, asks nobody else, and never reads a text as HTML")
    func isStrict() async throws {
        try await TestServer.run { server in
            let reply = try await server.get("/")
            let policy = try #require(reply.headers["content-security-policy"])
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
            #expect(policy.contains("frame-ancestors 'none'") && policy.contains("connect-src 'self'"))
        }
        for file in PageFile.parts + [.page] {
            let text = String(decoding: file.bytes, as: UTF8.self)
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http:", "https:"] {
                #expect(!text.contains(word), "\(file.name) says \(word)")
            }
        }
        let page = String(decoding: PageFile.page.bytes, as: UTF8.self)
        #expect(page.matches(of: /<script(?! src=)/).isEmpty && page.matches(of: /\s(on[a-z]+|style)=/).isEmpty)
    }

    @Test("needs no key where everything else does, and is not there where nobody wants it")
    func access() async throws {
        var options = ServerOptions()
        options.keys = try KeyRing(["secret"])
        try await TestServer.run(options) { server in
            let statuses = try await statuses(server)
            #expect(statuses == [200, 200, 401])
        }
        options.keys = nil
        options.servesPage = false
        try await TestServer.run(options) { server in
            let statuses = try await statuses(server)
            #expect(statuses == [404, 404, 404])
        }
    }

    /// Of the page, a part of it, and what it listens to.
    private func statuses(_ server: TestServer) async throws -> [Int] {
        let wire = try server.wire()
        var statuses = [try await wire.get("/").status, try await wire.get("/page/main.js").status]
        try await wire.sendRequest("GET", "/live", body: nil)
        statuses.append(try await wire.head().status)
        return statuses
    }
}
