import Foundation
import Parterre
import Testing

@testable import ParterreCLI

@Suite("parterre bench, end to end")
struct BenchEndToEndTests {
    private let place: Workplace

    init() throws { place = try Workplace(tokenizer: false) }

    private var small: [String] {
        ["bench", "--model", place.model, "--threads", "1", "--runs", "2", "--steps", "3", "--prompt", "5"]
    }

    private static func objects(_ outcome: Program.Outcome) throws -> [[String: Any]] {
        try outcome.lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("every kind of workload gives one object with all its figures")
    func workloads() async throws {
        let names = ["prefill24", "decode_b3", "mixed2", "long70_b2"]
        let outcome = try await Program.run(small + ["--json", "--quiet"] + names.flatMap { ["--workload", $0] })
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let objects = try Self.objects(outcome)
        #expect(objects.map { $0["workload"] as? String } == names)
        for (name, object) in zip(names, objects) {
            #expect((object["read_limits"] as? [Double])?.count == 2, "\(name)")
            #expect((object["runs"] as? [Double])?.count == 2 && object["weights"] as? String == "f32", "\(name)")
            let figures = [
                "tokens_per_second", "seconds", "load_seconds", "peak_rss_bytes", "bytes_per_second",
                "operations_per_second", "barriers_per_step",
            ]
            for figure in figures {
                #expect((object[figure] as? Double).map { $0 > 0 } == true, "\(name): \(figure)")
            }
            #expect(object["threads"] as? Int == 1 && object["preemptions"] as? Int == 0, "\(name)")
            #expect((object["bound"] is NSNull) == (name == "mixed2"), "\(name)")
            #expect((object["ttft_p50"] is NSNull) == (name == "long70_b2"), "\(name)")
            #expect((object["itl_p95"] is NSNull) == (name == "prefill24"), "\(name)")
        }
        #expect(objects[3]["context_fill"] as? String == "random")
        // Windows of 3 steps begin 3 and 6 steps after the rows' first token.
        let context = objects[3]["context"] as? Double ?? 0
        #expect((76...100).contains(context))
    }

    @Test("requests that begin alike reuse what is computed, unless they are told not to", arguments: [true, false])
    func prefixes(_ reuse: Bool) async throws {
        let arguments = small + ["--json", "--quiet", "--workload", "prefix2"]
        let outcome = try await Program.run(arguments + (reuse ? [] : ["--no-prefix-cache"]))
        #expect(outcome.code == 0, "\(outcome.errors)")
        let object = try #require(try Self.objects(outcome).first)
        #expect(object["prompt_share_reused"] as? Double == (reuse ? 1024 / 2112.0 : 0))
        #expect(object["ttft_p95"] is Double && object["operations_per_second"] is NSNull)
    }

    @Test("a long context can be computed")
    func computedContext() async throws {
        let outcome = try await Program.run(
            small + ["--json", "--quiet", "--workload", "long40_b2", "--long-fill", "computed"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let object = try #require(try Self.objects(outcome).first)
        #expect(object["context_fill"] as? String == "computed" && object["ttft_p50"] is Double)
    }

    @Test("prompts can be given, as many and as long as the workload wants them")
    func prompts() async throws {
        try place.write(
            """
            {"prompt_token_ids": [5, 6, 7, 8, 9]}
            {"prompt_token_ids": [9, 8, 7, 6, 5]}

            """, to: "ids.jsonl")
        let given = small + ["--json", "--quiet", "--prompts", place.path("ids.jsonl")]
        let outcome = try await Program.run(
            given + ["--workload", "decode_b2", "--workload", "long5_b1", "--workload", "prefill5"])
        #expect(outcome.code == 0 && outcome.lines.count == 3, "\(outcome.errors)")
        let few = try await Program.run(given + ["--workload", "decode_b3"])
        #expect(few.code == 2 && few.errors.contains("decode_b3 has 3 rows, but there are 2 prompts"), "\(few.errors)")
        let short = try await Program.run(given + ["--workload", "prefill6"])
        #expect(short.code == 2 && short.errors.contains("prompt 1 must have 6 tokens and has 5"), "\(short.errors)")
    }

    @Test("people get a table and the roofline, spreadsheets get CSV")
    func forms() async throws {
        let text = try await Program.run(small + ["--quiet", "--roofline", "--workload", "decode_b2"])
        #expect(text.code == 0 && text.output.contains("| decode_b2 "), "\(text.errors)")
        #expect(text.output.contains("Limits of this machine") && text.output.contains("reading memory"))
        let csv = try await Program.run(small + ["--quiet", "--csv", "--workload", "decode_b2"])
        #expect(csv.lines.count == 2 && csv.lines[0].hasPrefix("workload,") && csv.lines[1].hasPrefix("decode_b2,"))
    }

    @Test("the limits can be had alone, without a model")
    func limits() async throws {
        let outcome = try await Program.run(["bench", "--limits", "--json", "--threads", "1"])
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let object = try #require(try Self.objects(outcome).first)
        #expect(object["threads"] as? Int == 1)
        for name in ["read_bytes_per_second", "f32_operations_per_second", "barrier_seconds", "job_seconds"] {
            #expect((object[name] as? Double).map { $0 > 0 } == true, "\(name)")
        }
        let text = try await Program.run(["bench", "--limits", "--threads", "1"])
        #expect(text.code == 0 && text.output.contains("reading memory"), "\(text.output)")
    }

    @Test(
        "what makes no sense is told before any work",
        arguments: [
            ["--workload", "sprint"], ["--runs", "0"], ["--steps", "0"], ["--shape", "bloom-1"], ["--json", "--csv"],
            ["--limits", "--workload", "mixed64"], ["--limits", "--csv"],
            ["--model", "x", "--shape", "560m"], ["--model", "/none"], ["--long-fill", "zero"],
            ["--shape", "7b1", "--workload", "long1048576_b4096"],
        ])
    func usage(arguments: [String]) async throws {
        let outcome = try await Program.run(["bench"] + arguments)
        #expect(outcome.code == 2 && outcome.output.isEmpty, "\(outcome.output)")
        #expect(!outcome.errors.isEmpty)
    }
}
