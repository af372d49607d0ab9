public import Foundation

/// The API keys that open a server.
public struct KeyRing: Sendable {
    /// Longest key; every comparison takes the time of one of this length.
    static let mostBytes = 256
    private static let mostKeys = 10_000

    /// Each key in a slot of one length, zeros behind it and its own length at the end.
    private let slots: [[UInt8]]

    /// - Throws: `ServerError.badKeys` when there is none, or one that no client could send.
    public init(_ keys: [String], file: String = "keys") throws(ServerError) {
        guard !keys.isEmpty else { throw .badKeys(file: file, reason: "holds no key: write one a line") }
        guard keys.count <= Self.mostKeys else {
            throw .badKeys(file: file, reason: "holds more than \(Self.mostKeys) keys")
        }
        var slots: [[UInt8]] = []
        for (index, key) in keys.enumerated() {
            guard let slot = Self.slot(key.utf8), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .badKeys(
                    file: file,
                    reason: "key \(index + 1) must be 1 to \(Self.mostBytes) visible ASCII characters without spaces")
            }
            slots.append(slot)
        }
        self.slots = slots
    }

    /// One key a line; blank lines and lines that begin with `#` are no keys.
    public init(contentsOf file: URL) throws(ServerError) {
        let path = file.path(percentEncoded: false)
        guard let data = try? Data(contentsOf: file) else {
            throw .badKeys(file: path, reason: "cannot be read")
        }
        guard data.count <= 8 << 20, let text = String(validating: data, as: UTF8.self) else {
            throw .badKeys(file: path, reason: "is no text of less than 8 MiB")
        }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        try self.init(lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }, file: path)
    }

    /// Whether the key is one of these. Takes the same time whatever the key and wherever it differs: every byte of every
    /// slot is looked at.
    func opens(with key: some Collection<UInt8>) -> Bool {
        guard let given = Self.slot(key) else { return false }
        var matches: UInt8 = 0
        for slot in slots {
            var difference: UInt8 = 0
            for index in given.indices { difference |= given[index] ^ slot[index] }
            // 1 where there is no difference, without a branch.
            matches |= UInt8(truncatingIfNeeded: (UInt16(difference) &- 1) >> 15)
        }
        return matches == 1
    }

    /// `nil` for a key that is empty or too long.
    private static func slot(_ key: some Collection<UInt8>) -> [UInt8]? {
        let count = key.count
        guard (1...mostBytes).contains(count) else { return nil }
        var slot = [UInt8](repeating: 0, count: mostBytes + 2)
        slot.replaceSubrange(0..<count, with: key)
        slot[mostBytes] = UInt8(truncatingIfNeeded: count)
        slot[mostBytes + 1] = UInt8(truncatingIfNeeded: count >> 8)
        return slot
    }
}
