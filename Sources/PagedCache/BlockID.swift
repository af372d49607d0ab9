/// A physical block of the cache, 0 ..< block count; never a place in a sequence.
public struct BlockID: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public var index: Int { Int(rawValue) }
    public var description: String { "block \(rawValue)" }
}
