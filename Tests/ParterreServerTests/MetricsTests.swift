import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("GET /metrics")
struct MetricsTests {
    @Test("is Prometheus' text format to the letter, and counts what was done")
    func exposition() async throws {
        var options = ServerOptions()
        options.modelNames = [#"a "strange\ name"#]
        try await TestServer.run(options) { server in
            let wire = try server.wire()
            for seed in 0..<3 {
                let reply = try await wire.post(
                    "/v1/completions",
                    #"{"prompt": "The sea", "max_tokens": 5, "ignore_eos": true, "n": 2, "seed": \#(seed)}"#)
                #expect(reply.status == 200)
            }
            let reply = try await wire.get("/metrics")
            #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let page = try Exposition(reply.body)
            for family in page.families.values where !family.name.hasPrefix("process_") {
                #expect(family.samples.allSatisfy { $0.labels["model_name"] == #"a "strange\ name"# })
            }
            #expect(page.value("vllm:generation_tokens_total") == 30)
            #expect(page.value("vllm:num_requests_running") == 0)
            #expect(page.value("vllm:kv_cache_usage_perc") == 0)
            #expect(page.value("vllm:request_success_total", ["finished_reason": "length"]) == 6)
            #expect(page.value("vllm:request_success_total", ["finished_reason": "stop"]) == 0)
            let prompt = try #require(server.engine.tokenizer).encode("The sea").count
            #expect(page.value("vllm:prompt_tokens_total") == Double(3 * prompt))
            #expect(page.value("vllm:time_to_first_token_seconds_count") == 3)
            #expect(page.value("vllm:e2e_request_latency_seconds_count") == 3)
            #expect(page.value("vllm:inter_token_latency_seconds_count") == 24)
            for name in [
                "vllm:request_queue_time_seconds", "vllm:request_prefill_time_seconds",
                "vllm:request_decode_time_seconds",
            ] {
                #expect(page.families[name]?.kind == "histogram", "\(name)")
            }
        }
    }

    @Test("wants a key where the server does, unless it is opened")
    func keys() async throws {
        var options = ServerOptions()
        options.keys = try KeyRing(["k"])
        try await TestServer.run(options) { server in
            let refused = try await server.get("/metrics")
            #expect(refused.status == 401)
            let served = try await server.get("/metrics", headers: ["Authorization": "Bearer k"])
            #expect(served.status == 200)
        }
        options.opensMetrics = true
        try await TestServer.run(options) { server in
            let served = try await server.get("/metrics")
            #expect(served.status == 200)
        }
    }

    @Test("numbers and labels are written as the format wants them")
    func text() throws {
        var text = PrometheusText(labels: [])
        text.metric("m", .gauge, "line\nbreak \\", [([("l", "a\"b\\c\nd")], 0.25), ([], .infinity), ([], .nan)])
        text.histogram("h", "x", bounds: [0.5, 2], counts: [1, 0, 2], sum: 7.5)
        #expect(
            text.text == #"""
                # HELP m line\nbreak \\
                # TYPE m gauge
                m{l="a\"b\\c\nd"} 0.25
                m +Inf
                m NaN
                # HELP h x
                # TYPE h histogram
                h_bucket{le="0.5"} 1
                h_bucket{le="2"} 1
                h_bucket{le="+Inf"} 3
                h_sum 7.5
                h_count 3

                """#)
    }
}
