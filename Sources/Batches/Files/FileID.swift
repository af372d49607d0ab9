import Forms

/// The name of a file: `file-` and 32 hexadecimal digits.
package struct FileID: Hashable, Sendable, RawRepresentable, Codable {
    package let rawValue: String

    /// A name as somebody gave it, of a file that may not be there.
    package init(rawValue: String) { self.rawValue = rawValue }

    static func make() -> FileID { FileID(rawValue: "file-" + UniqueName.make()) }
}
