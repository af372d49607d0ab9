import ArgumentParser

/// What is timed, by the name it goes by in tables.
enum Workload: Sendable, Equatable {
    /// `prefill512`: one prompt of that many tokens, until its first token.
    case prefill(tokens: Int)
    /// `decode_b8`: that many rows decode together, behind short prompts.
    case decode(batch: Int)
    /// `mixed64`: that many requests of mixed lengths, all there from the start.
    case mixed(requests: Int)
    /// `crowded64`: that many requests of longer outputs, in a cache that holds a tenth of them.
    case crowded(requests: Int)
    /// `prefix64`: that many requests whose prompts begin with the same 1,024 tokens, all there from the start.
    case prefix(requests: Int)
    /// `long8192_b8`: rows decode behind that many cached tokens each.
    case long(context: Int, batch: Int)

    var name: String {
        switch self {
        case .prefill(let tokens): "prefill\(tokens)"
        case .decode(let batch): "decode_b\(batch)"
        case .mixed(let requests): "mixed\(requests)"
        case .crowded(let requests): "crowded\(requests)"
        case .prefix(let requests): "prefix\(requests)"
        case .long(let context, let batch): "long\(context)_b\(batch)"
        }
    }

    static func standard(longContext: Int) -> [Workload] {
        [
            .prefill(tokens: 512), .decode(batch: 1), .decode(batch: 8), .decode(batch: 32), .mixed(requests: 64),
            .long(context: longContext, batch: 8),
        ]
    }

    private static let mostTokens = 1 << 20
    private static let mostRows = 4096

    init?(named name: String) {
        func number(_ text: Substring, most: Int) -> Int? {
            // No sign, no leading zero: every workload has one name.
            guard text.allSatisfy({ $0.isASCII && $0.isNumber }), text.first != "0" else { return nil }
            return Int(text).flatMap { (1...most).contains($0) ? $0 : nil }
        }
        func after(_ prefix: String) -> Substring? {
            name.hasPrefix(prefix) ? name.dropFirst(prefix.count) : nil
        }
        if let tokens = after("prefill").flatMap({ number($0, most: Self.mostTokens) }) {
            self = .prefill(tokens: tokens)
        } else if let batch = after("decode_b").flatMap({ number($0, most: Self.mostRows) }) {
            self = .decode(batch: batch)
        } else if let requests = after("mixed").flatMap({ number($0, most: Self.mostRows) }) {
            self = .mixed(requests: requests)
        } else if let requests = after("crowded").flatMap({ number($0, most: Self.mostRows) }) {
            self = .crowded(requests: requests)
        } else if let requests = after("prefix").flatMap({ number($0, most: Self.mostRows) }) {
            self = .prefix(requests: requests)
        } else if let parts = after("long")?.split(separator: "_b", omittingEmptySubsequences: false), parts.count == 2,
            let context = number(parts[0], most: Self.mostTokens), let batch = number(parts[1], most: Self.mostRows)
        {
            self = .long(context: context, batch: batch)
        } else {
            return nil
        }
    }
}

extension Workload: ExpressibleByArgument {
    init?(argument: String) { self.init(named: argument) }
}
