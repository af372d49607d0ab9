/// A row of the word embedding; what a tokenizer writes and a model reads.
public struct TokenID: Hashable, Comparable, Sendable, RawRepresentable, CustomStringConvertible {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }
    public init(_ value: Int) { self.rawValue = Int32(value) }

    public var index: Int { Int(rawValue) }
    public var description: String { String(rawValue) }
    public static func < (a: TokenID, b: TokenID) -> Bool { a.rawValue < b.rawValue }
}

extension TokenID: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int32) { self.rawValue = value }
}

extension TokenID: Codable {
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int32.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
