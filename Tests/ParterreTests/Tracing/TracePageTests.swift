import Foundation
import Testing

@testable import Parterre

@Suite struct TracePageTests {
    private static func trace(label: String) -> Trace {
        var trace = Trace(
            settings: .init(
                blocks: 4, blockTokens: 16, maxBatch: 2, batching: "continuous", prefillChunk: nil, stepLimit: 50_000))
        trace.about = [.init("model", label)]
        trace.sequences = [.init(request: 1, label: label, sample: 0, promptTokens: 3, arrived: 0)]
        return trace
    }

    private func page(_ trace: Trace, title: String = "A run") throws -> String {
        String(decoding: try TracePage(trace, title: title).html(), as: UTF8.self)
    }

    /// What stands between the record's tags.
    private func record(_ page: String) throws -> Substring {
        let open = try #require(page.range(of: #"<script id="trace" type="application/json">"#))
        let close = try #require(page.range(of: "</script>", range: open.upperBound..<page.endIndex))
        return page[open.upperBound..<close.lowerBound]
    }

    @Test(
        "a request's name can say nothing to the page but its letters",
        arguments: [
            "</script><script>alert(1)</script>", "<!-- <script>", "{{script}}", "\u{2028}\"\\\n\u{0}é🌱", "&lt;",
        ])
    func escaping(label: String) throws {
        let trace = Self.trace(label: label)
        let page = try page(trace, title: label)
        let record = try record(page)
        #expect(!record.contains("<"))
        #expect(try JSONDecoder().decode(Trace.self, from: Data(record.utf8)) == trace)
        #expect(!page.contains("<script>alert(1)"))
        let plain = try self.page(Self.trace(label: "plain"), title: "plain")
        #expect(page.components(separatedBy: "<script").count == plain.components(separatedBy: "<script").count)
        #expect(page.components(separatedBy: "</script").count == plain.components(separatedBy: "</script").count)
    }

    @Test("the title is text")
    func title() throws {
        #expect(TracePage.escaped(#"<b>"a" & b</b>"#) == "&lt;b&gt;&quot;a&quot; &amp; b&lt;/b&gt;")
        #expect(try page(Self.trace(label: "x"), title: "<b>").contains("<title>&lt;b&gt;</title>"))
    }

    @Test("the page asks nobody for anything, and all its places are filled")
    func selfContained() throws {
        let page = try page(Self.trace(label: "x"))
        #expect(!page.contains("{{") && page.hasPrefix("<!doctype html>"))
        for word in ["http:", "https:", "src=", "@import", "url("] { #expect(!page.contains(word), "\(word)") }
    }
}
