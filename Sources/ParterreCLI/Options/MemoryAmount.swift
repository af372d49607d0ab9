import ArgumentParser
import Parterre

/// `auto`, `512MB`, `2GiB`, `50%` or a number of bytes.
struct MemoryAmount: ExpressibleByArgument, Equatable {
    var value: EngineOptions.CacheMemory

    init(_ value: EngineOptions.CacheMemory) { self.value = value }

    init?(argument: String) {
        let text = argument.lowercased().filter { $0 != " " }
        if text == "auto" {
            value = .automatic
            return
        }
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { return nil }
            value = .share(percent / 100)
            return
        }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits), let unit = Self.units[String(text.dropFirst(digits.count))] else {
            return nil
        }
        let bytes = number * unit
        guard bytes >= 1, bytes < Double(1 << 60) else { return nil }
        value = .bytes(Int(bytes))
    }

    var defaultValueDescription: String { value == .automatic ? "auto" : "\(value)" }

    private static let units: [String: Double] = {
        var units: [String: Double] = ["": 1, "b": 1]
        for (power, letter) in ["k", "m", "g", "t"].enumerated() {
            let decimal = [1e3, 1e6, 1e9, 1e12][power]
            let binary = Double(1 << (10 * (power + 1)))
            units[letter + "b"] = decimal
            units[letter + "ib"] = binary
            units[letter] = binary
        }
        return units
    }()
}
