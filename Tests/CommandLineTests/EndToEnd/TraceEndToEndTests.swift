import Foundation
import Parterre
import Testing

@testable import ParterreCLI

@Suite("parterre trace and --trace, end to end")
struct TraceEndToEndTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// The record that a page carries.
    private func record(ofPage name: String) throws -> Trace {
        let page = try place.read(name)
        let open = try #require(page.range(of: #"<script id="trace" type="application/json">"#))
        let close = try #require(page.range(of: "</script>", range: open.upperBound..<page.endIndex))
        return try JSONDecoder().decode(Trace.self, from: Data(page[open.upperBound..<close.lowerBound].utf8))
    }

    @Test("generate --trace writes the same lines as without, and a page of the run")
    func generate() async throws {
        let lines = (0..<5).map {
            #"{"id": "</script>\#($0)", "prompt": "\#(String(repeating: "ab ", count: 3 * $0 + 1))"}"#
        }
        let arguments = ["generate"] + place.modelOptions + ["--max-tokens", "7", "--ignore-eos", "--n", "2"]
        let input = lines.joined(separator: "\n")
        let plain = try await Program.run(arguments, input: input)
        let traced = try await Program.run(arguments + ["--trace", place.path("run.html")], input: input)
        #expect(plain.code == 0 && traced.code == 0, "\(traced.errors)")
        #expect(Set(traced.lines) == Set(plain.lines) && traced.lines.count == 10)
        #expect(traced.errors.contains("run.html"))
        let trace = try record(ofPage: "run.html")
        #expect(trace.fault == nil && trace.totals.generatedTokens == 70 && trace.sequences.count == 10)
        #expect(Set(trace.sequences.compactMap(\.label)) == Set((0..<5).map { "</script>\($0)" }))
        #expect(trace.about.contains(.init("model", "model")))
    }

    @Test("a record becomes the same page later")
    func record() async throws {
        let run = try await Program.run(
            ["generate"] + place.modelOptions + ["ab", "cd", "--max-tokens", "4", "--trace", place.path("run.json")])
        #expect(run.code == 0 && run.output.hasPrefix("=== 1/2 ==="), "\(run.errors)")
        let shown = try await Program.run(["trace", place.path("run.html"), "--from", place.path("run.json")])
        #expect(shown.code == 0 && shown.output.isEmpty, "\(shown.errors)")
        let recorded = try JSONDecoder().decode(Trace.self, from: Data(place.read("run.json").utf8))
        #expect(try record(ofPage: "run.html") == recorded)
        #expect(recorded.sequences.count == 2)
    }

    @Test("trace runs prompts, lines or a demonstration")
    func workloads() async throws {
        let options = place.modelOptions + ["--max-tokens", "5", "--ignore-eos"]
        let prompts = try await Program.run(["trace", place.path("a.html"), "ab", "-n", "3"] + options)
        #expect(prompts.code == 0 && prompts.output.isEmpty, "\(prompts.errors)")
        #expect(try record(ofPage: "a.html").totals.generatedTokens == 15)

        try place.write("{\"prompt\": \"ab\"}\n{\"prompt\": \"\"}\n", to: "in.jsonl")
        let lines = try await Program.run(["trace", place.path("b.html"), "--input", place.path("in.jsonl")] + options)
        #expect(lines.code == 1 && lines.output.isEmpty && lines.errors.contains("line 2"), "\(lines.errors)")
        #expect(try record(ofPage: "b.html").totals.generatedTokens == 5, "a bad line does not cost the page")

        let shown = try await Program.run(["trace", place.path("c.html"), "--model", place.model, "--threads", "1"])
        #expect(shown.code == 0, "\(shown.errors)")
        let demonstration = try record(ofPage: "c.html")
        #expect(Set(demonstration.sequences.map(\.request)).count == Demonstration.requestCount)
        #expect(demonstration.totals.preemptions > 0)
        #expect(demonstration.marks.what.contains(Trace.Happening.forked.rawValue))
    }

    @Test("bench --trace shows what was timed")
    func bench() async throws {
        let run = try await Program.run([
            "bench", "--model", place.model, "--threads", "1", "--workload", "decode_b2", "--steps", "4", "--runs", "1",
            "--trace",
            place.path("bench.html"),
        ])
        #expect(run.code == 0 && run.output.contains("decode_b2"), "\(run.errors)")
        #expect(try record(ofPage: "bench.html").sequences.count >= 4)
    }

    @Test(
        "what cannot be written or read is said before anything runs",
        arguments: [
            (["no/such/folder/x.html"], "there is no folder"), ([".", "ab"], "it is a folder"),
            (["prompts.jsonl"], "name ends in .html"),
            (["x.html", "--from", "none.json"], "cannot read"), (["x.html", "--from", "lines.json"], "no trace"),
            (["x.html", "--from", "bent.json"], "damaged"), (["x.html", "--from", "late.json"], "record it again"),
            (["x.html", "ab", "--from", "late.json"], "one of them"),
        ])
    func refusals(arguments: [String], words: String) async throws {
        var trace = Trace(
            settings: .init(
                blocks: 4, blockTokens: 16, maxBatch: 2, batching: "continuous", prefillChunk: nil, stepLimit: 50_000))
        trace.marks.step = [3]
        try place.write(String(decoding: TracePage.json(trace), as: UTF8.self), to: "bent.json")
        trace.format = 99
        try place.write(String(decoding: TracePage.json(trace), as: UTF8.self), to: "late.json")
        try place.write("{}\n", to: "lines.json")
        let there = arguments.map { $0.contains(".") && !$0.hasPrefix("-") ? place.path($0) : $0 }
        let run = try await Program.run(["trace"] + there)
        #expect(run.code == 2 && run.errors.contains(words), "\(run.errors)")
        #expect(!place.exists("x.html"))
    }
}
