import Forms
import Parterre

// The figures as a machine reads them: JSON lines, or CSV with the same names.
extension BenchReport {
    /// One object for each workload.
    var jsonLines: String { results.map { JSON.object(fields($0)).line + "\n" }.joined() }

    /// A header, and one row for each workload; runs are joined by `;`.
    var csv: String {
        let rows = results.map { Self.flat(fields($0)) }
        let header = Self.flat(fields(WorkloadResult(WorkloadFigures(workload: .decode(batch: 1)), of: self)))
        return ([header.map(\.name)] + rows.map { $0.map(\.value) }).map { $0.joined(separator: ",") + "\n" }.joined()
    }

    private func fields(_ result: WorkloadResult) -> [JSON.Member] {
        func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
        let fields: KeyValuePairs<String, JSON> = [
            "workload": .string(result.workload.name), "weights": .string(weights), "isa": .string(isa),
            "tokens_per_second": number(result.tokensPerSecond), "runs": .array(result.runs.map { .number($0) }),
            "spread": number(result.spread), "bound": number(result.bound),
            "bounds": .array(result.bounds.map { .number($0) }),
            "read_limits": .array(result.readLimits.map { .number($0) }),
            "share_of_bound": number(result.shareOfBound), "seconds": number(result.seconds),
            "ttft_p50": number(result.firstToken[0]), "ttft_p95": number(result.firstToken[1]),
            "itl_p50": number(result.gap[0]), "itl_p95": number(result.gap[1]),
            "bytes_per_second": number(result.bytesPerSecond),
            "share_of_bandwidth": number(result.shareOfBandwidth),
            "operations_per_second": number(result.operationsPerSecond),
            "share_of_peak": number(result.shareOfPeak), "context": number(result.context),
            "context_fill": result.isLong ? .string(contextIsRandom ? "random" : "computed") : .null,
            "attention_share_of_bytes": number(result.attention?.shareOfBytes),
            "attention_share_of_time": number(result.attention?.shareOfTime),
            "attention_bytes_per_second": number(result.attention?.bytesPerSecond),
            "attention_share_of_bandwidth": number(result.attention?.shareOfBandwidth),
            "barriers_per_step": number(result.barriersPerStep), "preemptions": .integer(result.preemptions),
            "swaps": .integer(result.swaps), "prompt_share_reused": number(result.promptShareReused),
            "model": .string(model), "threads": .integer(limits.lanes), "seed": .unsigned(sizes.seed),
            "kv_cache": .string(cache), "weight_bytes": .integer(weightBytes), "load_seconds": .number(loadSeconds),
            "peak_rss_bytes": .integer(peakBytes),
            "limits": .object(LimitsReport(limits: limits).fields),
        ]
        return fields.map { JSON.Member(name: $0.key, value: $0.value) }
    }

    private static func flat(_ members: [JSON.Member], prefix: String = "") -> [(name: String, value: String)] {
        members.flatMap { member -> [(name: String, value: String)] in
            let name = prefix + member.name
            switch member.value {
            case .object(let members): return flat(members, prefix: name + "_")
            case .array(let values): return [(name, values.map(\.line).joined(separator: ";"))]
            case .null: return [(name, "")]
            case .string(let text): return [(name, quoted(text))]
            default: return [(name, member.value.line)]
            }
        }
    }

    /// RFC 4180: a field with a comma, a quote or a line break stands in quotes.
    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
