import Foundation
import Parterre
import Testing

@testable import ParterreCLI

@Suite("Statistics")
struct StatisticsTests {
    @Test("of values in any order")
    func values() {
        #expect(Statistics.median([5, 1, 3]) == 3)
        #expect(Statistics.median([4, 1, 3, 2]) == 2.5)
        #expect(Statistics.percentile(95, of: Array(stride(from: 20.0, through: 0, by: -1))) == 19)
        #expect(Statistics.percentile(95, of: [7]) == 7)
        #expect(Statistics.spread([90, 100, 120]) == 0.3)
    }

    @Test("of nothing are nothing")
    func nothing() {
        #expect(Statistics.median([]) == nil)
        #expect(Statistics.spread([]) == nil)
        #expect(Statistics.spread([0, 0]) == nil)
    }
}

@Suite("A bound")
struct BoundTests {
    /// BLOOM-560m's shape with weights of that many bytes.
    private func cost(bytesPerWeight: Double) -> ModelCost {
        let (layers, head) = (24.0 * 12 * 1024 * 1024, 250_880.0 * 1024)
        return ModelCost(
            layerWeights: layers, headWeights: head, layerBytes: layers * bytesPerWeight,
            headBytes: head * bytesPerWeight, cacheBytesPerToken: 24 * 16 * 128 * 4,
            operationsPerCachedToken: 4 * 1024 * 24)
    }

    @Test(
        "is what the roofline says",
        arguments: [
            (Workload.prefill(tokens: 512), 4.0, 570e9, 941.7), (.decode(batch: 1), 4, 570e9, 20.13),
            (.decode(batch: 8), 4, 570e9, 161.0), (.decode(batch: 32), 4, 570e9, 509.9),
            (.prefill(tokens: 512), 2, 1150e9, 1900.0), (.decode(batch: 1), 2, 1150e9, 40.26),
            (.decode(batch: 32), 1, 2280e9, 2039.5),
        ])
    func roofline(workload: Workload, bytesPerWeight: Double, peak: Double, tokensPerSecond: Double) throws {
        let bound = try #require(
            cost(bytesPerWeight: bytesPerWeight).bound(workload, context: 0, bandwidth: 45e9, peak: peak))
        #expect(abs(bound / tokensPerSecond - 1) < 0.001, "\(bound)")
    }

    @Test("of a long context counts its keys and values on top of the weights")
    func longContext() throws {
        let cost = cost(bytesPerWeight: 2)
        let workload = Workload.long(context: 8192, batch: 8)
        let bound = try #require(cost.bound(workload, context: 8192, bandwidth: 45e9, peak: 1150e9))
        let cacheBytes: Double = 8 * 8192 * 196_608
        let seconds = (cost.stepBytes + cacheBytes) / 45e9
        #expect(abs(bound - 8 / seconds) < 1e-9)
        let without = cost.bound(workload, context: 0, bandwidth: 45e9, peak: 1150e9)
        #expect(without == cost.bound(.decode(batch: 8), context: 0, bandwidth: 45e9, peak: 1150e9))
    }

    @Test("is none for requests that meet as they come, and none without limits")
    func none() {
        let cost = cost(bytesPerWeight: 2)
        #expect(cost.bound(.mixed(requests: 64), context: 0, bandwidth: 45e9, peak: 1e12) == nil)
        #expect(cost.bound(.decode(batch: 1), context: 0, bandwidth: 0, peak: 1e12) == nil)
    }

    @Test("counts work row by row and step by step")
    func work() {
        let cost = ModelCost(
            layerWeights: 100, headWeights: 10, layerBytes: 200, headBytes: 20, cacheBytesPerToken: 8,
            operationsPerCachedToken: 4)
        let prefill = cost.prefill(tokens: 3, steps: 2)
        #expect(prefill == Work(operations: 644, weightBytes: 420, cacheBytes: 24))
        let decode = cost.decode(rows: 2, steps: 3, context: 5)
        #expect(decode == Work(operations: 1440, weightBytes: 660, cacheBytes: 240))
        // Prompt of 3, then rows 4 and 5: two of its three tokens are fed back.
        let mixed = cost.mixed([WorkloadRequest(promptCount: 3, tokens: 3)], steps: 3)
        #expect(mixed == Work(operations: 1120, weightBytes: 660, cacheBytes: 96))
    }
}

@Suite("A bench report")
struct BenchReportTests {
    private func report(_ model: String = "tiny") -> BenchReport {
        let limits = MachineLimits(
            lanes: 2, readBytesPerSecond: 1000, f32OperationsPerSecond: 5000, bf16OperationsPerSecond: 4000,
            int8OperationsPerSecond: 0, barrierSeconds: 1e-6, jobSeconds: 1e-5)
        let cost = ModelCost(
            layerWeights: 100, headWeights: 10, layerBytes: 200, headBytes: 20, cacheBytesPerToken: 8,
            operationsPerCachedToken: 4)
        var decode = WorkloadFigures(workload: .decode(batch: 2))
        decode.runs = [4.0, 2, 3].map { seconds in
            RunFigures(
                tokens: 12, seconds: seconds, firstToken: [1, 2], gaps: [seconds / 6],
                work: Work(operations: 6, weightBytes: 4))
        }
        decode.steps = 10
        decode.barriers = 40
        var long = WorkloadFigures(workload: .long(context: 64, batch: 2))
        long.runs = [RunFigures(tokens: 2, seconds: 1, work: Work(weightBytes: 100, cacheBytes: 300))]
        long.context = 70
        long.attention = .init(shareOfTime: 0.5, bytesPerSecond: 600)
        return BenchReport(
            model: model, weights: "bf16", cache: "f32", isa: "portable", sizes: WorkloadSizes(seed: 9),
            contextIsRandom: true,
            limits: limits, cost: cost, weightBytes: 220, loadSeconds: 0.5, peakBytes: 4096,
            workloads: [decode, long, WorkloadFigures(workload: .mixed(requests: 3))])
    }

    @Test("is one JSON object a workload, with medians, runs and bounds")
    func json() throws {
        let lines = report().jsonLines.split(separator: "\n")
        let objects = try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(objects.map { $0["workload"] as? String } == ["decode_b2", "long64_b2", "mixed3"])
        let decode = objects[0]
        #expect(decode["weights"] as? String == "bf16" && decode["isa"] as? String == "portable")
        #expect(decode["kv_cache"] as? String == "f32")
        #expect(decode["tokens_per_second"] as? Double == 4 && decode["runs"] as? [Double] == [3, 6, 4])
        #expect(decode["spread"] as? Double == 0.75)
        // 220 bytes at 1000 a second take longer than 440 operations at 5000.
        let bound = try #require(decode["bound"] as? Double)
        #expect(abs(bound - 2 / 0.22) < 1e-9)
        #expect(decode["ttft_p50"] as? Double == 1.5 && decode["itl_p50"] as? Double == 0.5)
        #expect((decode["bounds"] as? [Double])?.count == 3)
        #expect(decode["barriers_per_step"] as? Double == 4)
        #expect(decode["context_fill"] is NSNull && decode["seed"] as? Int == 9)
        let limits = try #require(decode["limits"] as? [String: Any])
        #expect(limits["read_bytes_per_second"] as? Double == 1000)
        let long = objects[1]
        #expect(long["context_fill"] as? String == "random")
        #expect(long["attention_share_of_bytes"] as? Double == 0.75)
        #expect(long["attention_share_of_bandwidth"] as? Double == 0.6)
        #expect(objects[2]["bound"] is NSNull && objects[2]["tokens_per_second"] is NSNull)
    }

    @Test("holds each run against what the machine allowed it then")
    func limitsOfEachRun() throws {
        var report = report()
        // As fast as its run was slow: the machine was, not the engine.
        for (run, bandwidth) in [500.0, 1000, 2000].enumerated() {
            var limits = report.limits
            limits.readBytesPerSecond = bandwidth
            report.workloads[0].runs[run].limits = limits
            report.workloads[0].runs[run].seconds = 4 * 500 / bandwidth
        }
        let result = try #require(report.results.first)
        #expect(result.runs == [3, 6, 12])
        let bounds = [500.0, 1000, 2000].map { 2 / (220 / $0) }
        #expect(zip(result.bounds, bounds).allSatisfy { abs($0 - $1) < 1e-9 })
        #expect(result.bound == result.bounds[1])
        #expect(result.shareOfBound.map { abs($0 - 3 / bounds[0]) < 1e-9 } == true)
        #expect(result.shareOfBandwidth.map { abs($0 - 1.0 / 500) < 1e-12 } == true)
        #expect(result.roof == 1500 && result.shareOfRoof.map { abs($0 - 1.5 / 750) < 1e-12 } == true)
        // Without limits of its own a run is held against the best ones.
        #expect(self.report().results[0].bounds == Array(repeating: 2 / 0.22, count: 3))
    }

    @Test("is a table of as many cells in every row as its CSV has names")
    func csv() {
        let rows = report("a, \"b\"").csv.split(separator: "\n")
        #expect(rows.count == 4)
        #expect(rows[0].hasPrefix("workload,weights,isa,tokens_per_second,runs,"))
        #expect(rows[1].contains(",3.0;6.0;4.0,") && rows[1].contains("\"a, \"\"b\"\"\""))
        // The quoted comma is the only one inside a cell.
        let names = rows[0].count { $0 == "," }
        #expect(rows.dropFirst().allSatisfy { $0.count { $0 == "," } == names + 1 })
    }

    @Test("tells people bounds, shares and what a long context was")
    func text() {
        let text = report().text(roofline: true)
        #expect(text.contains("| decode_b2 "))
        #expect(text.contains("the context was random numbers"))
        #expect(text.contains("no instruction"))
        #expect(text.contains("4 barriers a step"))
        let widths = Set(text.split(separator: "\n").filter { $0.hasPrefix("|") }.map(\.count))
        #expect(widths.count == 1)
    }

    @Test("takes the best peak for a format, and the best of two measurements")
    func limits() {
        let limits = report().limits
        #expect(limits.operationsPerSecond(weights: "f32") == 5000)
        #expect(limits.operationsPerSecond(weights: "bf16") == 5000)
        #expect(limits.operationsPerSecond(weights: "int8") == 5000)
        var other = limits
        other.int8OperationsPerSecond = 9000
        other.readBytesPerSecond = 10
        other.barrierSeconds = 1e-7
        let best = limits.best(other)
        #expect(best.operationsPerSecond(weights: "int4") == 9000)
        #expect(best.readBytesPerSecond == 1000 && best.barrierSeconds == 1e-7)
    }
}
