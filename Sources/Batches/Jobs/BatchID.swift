import Forms

/// The name of a batch: `batch_` and 32 hexadecimal digits.
package struct BatchID: Hashable, Sendable, RawRepresentable, Codable {
    package let rawValue: String

    /// A name as somebody gave it, of a batch that may not be there.
    package init(rawValue: String) { self.rawValue = rawValue }

    static func make() -> BatchID { BatchID(rawValue: "batch_" + UniqueName.make()) }
}
