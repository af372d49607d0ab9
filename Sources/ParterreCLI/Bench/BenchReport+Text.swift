import Parterre

// The figures as people read them.
extension BenchReport {
    func text(roofline: Bool) -> String {
        var text =
            "\(model), \(weights) weights of \(Figures.bytes(weightBytes)), \(cache) cache, \(isa), \(limits.lanes) lanes\n"
        text += "loaded in \(Figures.seconds(loadSeconds)), peak memory \(Figures.bytes(peakBytes))\n"
        text += "limits: read \(Figures.billions(limits.readBytesPerSecond)) GB/s, "
        text +=
            "\(Figures.billions(peak)) Gop/s at \(weights) at best; bound and shares are of those beside each run\n\n"
        text += table
        for result in results {
            if let note = note(on: result) { text += "\n\(result.workload.name): \(note)" }
        }
        if results.contains(where: { note(on: $0) != nil }) { text += "\n" }
        return roofline ? text + "\n" + self.roofline : text
    }

    private var table: String {
        var grid = Grid([
            "workload", "tokens/s", "spread", "bound", "of bound", "first token p50", "p95", "between tokens p50",
            "p95",
            "GB/s", "of limit", "Gop/s", "of limit",
        ])
        func show(_ value: Double?, _ form: (Double) -> String) -> String { value.map(form) ?? "–" }
        for result in results {
            grid.row([
                result.workload.name, show(result.tokensPerSecond, Figures.rate), show(result.spread, Figures.percent),
                show(result.bound, Figures.rate), show(result.shareOfBound, Figures.percent),
                show(result.firstToken[0], Figures.duration), show(result.firstToken[1], Figures.duration),
                show(result.gap[0], Figures.duration), show(result.gap[1], Figures.duration),
                show(result.bytesPerSecond, Figures.billions), show(result.shareOfBandwidth, Figures.percent),
                show(result.operationsPerSecond, Figures.billions), show(result.shareOfPeak, Figures.percent),
            ])
        }
        return grid.text
    }

    private func note(on result: WorkloadResult) -> String? {
        var parts: [String] = []
        if let attention = result.attention {
            parts.append("keys and values are \(Figures.percent(attention.shareOfBytes)) of a step's bytes")
            parts.append(
                "attention took \(Figures.percent(attention.shareOfTime)) of its time, reading "
                    + "\(Figures.billions(attention.bytesPerSecond)) GB/s "
                    + "(\(Figures.percent(attention.shareOfBandwidth)) of the limit)")
        }
        if result.isLong {
            parts.append(contextIsRandom ? "the context was random numbers" : "the context was computed")
        }
        if let share = result.promptShareReused {
            let what = share > 0 ? "\(Figures.percent(share)) of the prompts' tokens were reused" : "nothing was reused"
            parts.append(what)
        }
        if result.preemptions > 0 {
            parts.append(
                "\(result.preemptions) sequences were preempted, \(result.swaps) of them swapped out: the cache is small"
            )
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// What the machine allows, and how near each workload comes under that roof.
    private var roofline: String {
        var table = Table()
        LimitsReport(limits: limits).addRows(
            to: &table, title: "Limits of this machine, \(limits.lanes) lanes together, the best measured in this run")
        table.title("Workloads under the roof")
        for result in results {
            guard let operations = result.operationsPerSecond, let bytes = result.bytesPerSecond, operations > 0,
                bytes > 0, let roof = result.roof, let share = result.shareOfRoof
            else {
                continue
            }
            var words = "\(Figures.rate(operations / bytes)) operations a byte: \(Figures.billions(operations)) of "
            words += "\(Figures.billions(roof)) Gop/s (\(Figures.percent(share)))"
            if let barriers = result.barriersPerStep { words += "; \(Int(barriers.rounded())) barriers a step" }
            table.row(result.workload.name, words)
        }
        return table.text
    }
}
