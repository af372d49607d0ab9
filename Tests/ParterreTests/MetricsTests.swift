import Basics
import Metrics
import MetricsTestKit
import Parterre
import Testing

/// What a swift-metrics backend hears of.
@Suite(.timeLimit(.minutes(10))) struct MetricsTests {
    private static let shape = BloomConfiguration(vocabularySize: 300, hiddenSize: 48, layerCount: 2, headCount: 6)

    private func engine(_ metrics: any MetricsFactory) async throws -> Engine {
        try await Engine.load(
            .random(RandomModel(name: "tiny", configuration: Self.shape, seed: 5)), options: EngineTests.options,
            metrics: metrics)
    }

    @Test("a backend hears every duration and every count, under vLLM's names")
    func backend() async throws {
        let metrics = TestMetrics()
        let engine = try await engine(metrics)
        for _ in 0..<2 { _ = try await engine.complete(EngineTests.request([5, 6, 7], tokens: 20, n: 2)) }
        let status = await engine.status()
        await engine.shutdown()

        let label = [("model_name", "tiny")]
        func count(_ name: String) throws -> Int64 { try metrics.expectCounter(name, label).totalValue }
        #expect(try count("vllm:prompt_tokens") == 6)
        #expect(try count("vllm:generation_tokens") == 80)
        #expect(try count("parterre:steps") == Int64(status.steps))
        let success = try metrics.expectCounter("vllm:request_success", label + [("finished_reason", "length")])
        #expect(success.totalValue == 4)
        // 19 tokens behind the first in each of four samples.
        for (name, durations) in [
            ("vllm:inter_token_latency_seconds", 76), ("vllm:time_to_first_token_seconds", 2),
            ("vllm:e2e_request_latency_seconds", 2), ("vllm:request_queue_time_seconds", 2),
            ("vllm:request_prefill_time_seconds", 2), ("vllm:request_decode_time_seconds", 2),
        ] {
            let timer = try metrics.expectTimer(name, label)
            #expect(timer.values.count == durations, "\(name)")
        }
        let heard = try metrics.expectTimer("vllm:inter_token_latency_seconds", label).values.reduce(0, +)
        #expect(Double(heard) / 1e9 == status.requests.interTokenLatency.sum)
        for gauge in ["vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"] {
            #expect(try metrics.expectGauge(gauge, label).lastValue == 0, "\(gauge): nothing is left")
        }
    }

    @Test("more durations than a report holds are all heard")
    func manyDurations() async throws {
        let metrics = TestMetrics()
        let engine = try await engine(metrics)
        _ = try await engine.complete(EngineTests.request([5, 6, 7], tokens: 60, n: 30))
        await engine.shutdown()
        let timer = try metrics.expectTimer("vllm:inter_token_latency_seconds", [("model_name", "tiny")])
        #expect(timer.values.count == 30 * 59)
    }
}
