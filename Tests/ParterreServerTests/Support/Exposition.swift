import Foundation
import Testing

/// A strict reader of Prometheus' text format 0.0.4: what it takes, every scraper takes.
struct Exposition {
    struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family {
        var name: String
        var kind: String
        var samples: [Sample] = []
    }

    struct Malformed: Error, CustomStringConvertible {
        var line: String
        var reason: String
        var description: String { "\(reason): \(line)" }
    }

    private(set) var families: [String: Family] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(line: "", reason: "the last line has no end") }
        var current: Family?
        var helped: String?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            func malformed(_ reason: String) -> Malformed { Malformed(line: line, reason: reason) }
            if line.hasPrefix("# HELP ") {
                if let current { try finish(current) }
                current = nil
                helped = line.split(separator: " ", maxSplits: 3)[2].description
            } else if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ").map(String.init)
                guard words.count == 4, words[2] == helped, ["counter", "gauge", "histogram"].contains(words[3]) else {
                    throw malformed("no type behind its help")
                }
                guard words[2].wholeMatch(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) != nil else { throw malformed("no name") }
                guard families[words[2]] == nil else { throw malformed("a family comes twice") }
                if words[3] == "counter", !words[2].hasSuffix("_total") { throw malformed("a counter without _total") }
                current = Family(name: words[2], kind: words[3])
            } else {
                guard current != nil else { throw malformed("a sample without a type") }
                let sample = try Self.sample(line)
                let suffixes = current?.kind == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { sample.name == (current?.name ?? "") + $0 }) else {
                    throw malformed("a sample of another family")
                }
                current?.samples.append(sample)
            }
        }
        if let current { try finish(current) }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.values.flatMap(\.samples).first { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }?.value
    }

    private mutating func finish(_ family: Family) throws {
        guard !family.samples.isEmpty else { throw Malformed(line: family.name, reason: "no samples") }
        let keys = family.samples.map { "\($0.name)\($0.labels.sorted { $0.key < $1.key })" }
        guard Set(keys).count == keys.count else { throw Malformed(line: family.name, reason: "a sample comes twice") }
        if family.kind == "histogram" {
            let buckets = family.samples.filter { $0.name.hasSuffix("_bucket") }
            let values = buckets.map(\.value)
            let count = family.samples.first { $0.name.hasSuffix("_count") }?.value
            guard values == values.sorted(), buckets.last?.labels["le"] == "+Inf", values.last == count else {
                throw Malformed(line: family.name, reason: "its buckets do not add up")
            }
        }
        families[family.name] = family
    }

    private static func sample(_ line: String) throws -> Sample {
        let form = /(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>[0-9eE.+-]+|NaN|[+-]Inf)/
        guard let match = line.wholeMatch(of: form), let value = number(String(match.value)) else {
            throw Malformed(line: line, reason: "no sample")
        }
        var labels: [String: String] = [:]
        var rest = match.labels ?? ""
        while !rest.isEmpty {
            let label = /(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\]|\\["\\n])*)",?/
            guard let match = rest.prefixMatch(of: label) else { throw Malformed(line: line, reason: "no label") }
            let text = match.value.replacing("\\n", with: "\n").replacing("\\\"", with: "\"").replacing(
                "\\\\", with: "\\")
            labels[String(match.name)] = String(text)
            rest = rest[match.range.upperBound...]
        }
        return Sample(name: String(match.name), labels: labels, value: value)
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: Double(text)
        }
    }
}
