/// Prometheus' text format, version 0.0.4.
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    private(set) var text = ""
    /// On every sample.
    private let labels: [(name: String, value: String)]

    init(labels: [(name: String, value: String)]) { self.labels = labels }

    /// - Parameter samples: the same metric with further labels.
    mutating func metric(
        _ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [(String, String)], value: Double)]
    ) {
        head(name, kind, help)
        for sample in samples { line(name, sample.labels, sample.value) }
    }

    /// - Parameter name: without `_total`.
    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        metric(name + "_total", .counter, help, [([], Double(value))])
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Double) { metric(name, .gauge, help, [([], value)]) }

    /// - Parameters:
    ///   - counts: of each bucket alone; one more than there are bounds.
    ///   - bounds: the buckets' upper bounds, ascending.
    mutating func histogram(_ name: String, _ help: String, bounds: [Double], counts: [Int], sum: Double) {
        head(name, .histogram, help)
        var total = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? Self.number(bounds[index]) : "+Inf"
            line(name + "_bucket", [("le", bound)], Double(total))
        }
        line(name + "_sum", [], sum)
        line(name + "_count", [], Double(total))
    }

    private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n"
        text += "# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ more: [(String, String)], _ value: Double) {
        let all = (labels.map { ($0.name, $0.value) } + more).map { "\($0)=\"\(Self.escaped($1))\"" }
        text += "\(name)\(all.isEmpty ? "" : "{\(all.joined(separator: ","))}") \(Self.number(value))\n"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int(exactly: value).map(String.init) ?? value.description
    }
}
