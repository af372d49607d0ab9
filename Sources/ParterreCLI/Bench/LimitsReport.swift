import Forms
import Parterre

/// What the machine allows, as people and machines read it.
struct LimitsReport: Sendable, Equatable {
    var limits: MachineLimits

    var text: String {
        var table = Table()
        addRows(to: &table, title: "Limits of this machine, \(limits.lanes) lanes together")
        return table.text
    }

    func addRows(to table: inout Table, title: String) {
        table.title(title)
        table.row("reading memory", "\(Figures.billions(limits.readBytesPerSecond)) GB/s")
        for (name, value) in [
            ("f32 multiply-add", limits.f32OperationsPerSecond), ("bf16 pairs", limits.bf16OperationsPerSecond),
            ("int8 fours", limits.int8OperationsPerSecond),
        ] {
            let balance = Figures.rate(value / limits.readBytesPerSecond)
            table.row(
                name, value > 0 ? "\(Figures.billions(value)) Gop/s: \(balance) operations a byte" : "no instruction")
        }
        table.row("a barrier", Figures.duration(limits.barrierSeconds))
        table.row("starting a step", Figures.duration(limits.jobSeconds))
    }

    var fields: [JSON.Member] {
        let fields: KeyValuePairs<String, JSON> = [
            "read_bytes_per_second": .number(limits.readBytesPerSecond),
            "f32_operations_per_second": .number(limits.f32OperationsPerSecond),
            "bf16_operations_per_second": .number(limits.bf16OperationsPerSecond),
            "int8_operations_per_second": .number(limits.int8OperationsPerSecond),
            "barrier_seconds": .number(limits.barrierSeconds), "job_seconds": .number(limits.jobSeconds),
        ]
        return fields.map { JSON.Member(name: $0.key, value: $0.value) }
    }

    /// One object: the fields, and for how many threads they hold.
    var json: String {
        JSON.object([JSON.Member(name: "threads", value: .integer(limits.lanes))] + fields).line + "\n"
    }
}
