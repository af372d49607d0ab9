/// The bytes of every token in one arena, and a compact hash table that finds a token by its bytes.
///
/// A token written wholly in `ByteAlphabet` is stored as the bytes it stands for. Any other ("foreign") is stored as
/// its own UTF-8, which is what it decodes to; the two kinds never equal one another in a search.
struct Vocabulary: Sendable {
    /// Ids must be below this.
    static let idLimit = 1 << 24

    /// Ids of a file must be below this, so that a stray number cannot make a small file take much memory: a token takes
    /// more than a byte of it, and the gaps of a small file are forgiven.
    static func idLimit(fileBytes: Int) -> Int { min(idLimit, max(1 << 20, fileBytes)) }

    enum Refusal: Error { case tokenRepeated, idTaken }

    private var arena: [UInt8] = []
    /// Where each id's bytes lie in the arena; `absent` for ids without a token.
    private var spans: [Span] = []
    /// Open addressing with linear probing; a slot is `fingerprint << 32 | id`, and `empty` is no token.
    private var slots: [UInt64]
    /// Tokens that `find` can give.
    private(set) var count = 0

    private struct Span {
        var start: UInt32
        var length: UInt32
    }

    private static let absent = Span(start: .max, length: 0)
    private static let empty = UInt64.max

    init(expectedCount: Int = 0) {
        var capacity = 64
        while capacity < expectedCount * 2 { capacity *= 2 }
        slots = Array(repeating: Self.empty, count: capacity)
        spans.reserveCapacity(expectedCount)
        arena.reserveCapacity(expectedCount * 12)
    }

    /// One more than the greatest id.
    var endID: Int { spans.count }

    func contains(_ id: Int) -> Bool { spans.indices.contains(id) && spans[id].start != Self.absent.start }

    /// What the token decodes to; nil for an id without a token.
    func bytes(of id: Int) -> ArraySlice<UInt8>? {
        guard contains(id) else { return nil }
        let start = Int(spans[id].start)
        return arena[start..<start + Int(spans[id].length)]
    }

    /// Adds a token of the model. Needs `0 ≤ id < idLimit`.
    mutating func insert(_ token: [UInt8], isForeign: Bool, id: Int) throws(Refusal) {
        if (count + 1) * 2 > slots.count { grow() }
        let fingerprint = token.withUnsafeBufferPointer { Self.fingerprint($0, isForeign) }
        var index = home(of: fingerprint)
        while slots[index] != Self.empty {
            let slot = slots[index]
            if token.withUnsafeBufferPointer({ matches(slot, fingerprint, $0) }) { throw .tokenRepeated }
            index = (index + 1) & (slots.count - 1)
        }
        try store(token, id: id)
        slots[index] = UInt64(fingerprint) << 32 | UInt64(id)
        count += 1
    }

    /// Adds a token that only decodes: one that `find` must not give. Needs `0 ≤ id < idLimit`.
    mutating func insertUnsearchable(_ token: [UInt8], id: Int) throws(Refusal) {
        try store(token, id: id)
    }

    /// The id of the token with these bytes.
    func find(_ token: ArraySlice<UInt8>, isForeign: Bool = false) -> Int? {
        token.withUnsafeBufferPointer { find(bytes: $0, isForeign: isForeign) }
    }

    /// The same for bytes that lie anywhere.
    func find(bytes token: UnsafeBufferPointer<UInt8>, isForeign: Bool) -> Int? {
        let fingerprint = Self.fingerprint(token, isForeign)
        var index = home(of: fingerprint)
        while slots[index] != Self.empty {
            if matches(slots[index], fingerprint, token) { return Int(slots[index] & 0xFFFF_FFFF) }
            index = (index + 1) & (slots.count - 1)
        }
        return nil
    }

    // MARK: Storage

    private mutating func store(_ token: [UInt8], id: Int) throws(Refusal) {
        precondition(id >= 0 && id < Self.idLimit, "the reader checks ids")
        if contains(id) { throw .idTaken }
        if id >= spans.count { spans.append(contentsOf: repeatElement(Self.absent, count: id - spans.count + 1)) }
        spans[id] = Span(start: UInt32(arena.count), length: UInt32(token.count))
        arena.append(contentsOf: token)
    }

    private func matches(_ slot: UInt64, _ fingerprint: UInt32, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
        guard UInt32(slot >> 32) == fingerprint else { return false }
        let span = spans[Int(slot & 0xFFFF_FFFF)]
        guard Int(span.length) == token.count else { return false }
        let start = Int(span.start)
        return arena.withUnsafeBufferPointer { arena in
            UnsafeBufferPointer(rebasing: arena[start..<start + token.count]).elementsEqual(token)
        }
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Self.empty, count: old.count * 2)
        for slot in old where slot != Self.empty {
            var index = home(of: UInt32(slot >> 32))
            while slots[index] != Self.empty { index = (index + 1) & (slots.count - 1) }
            slots[index] = slot
        }
    }

    private func home(of fingerprint: UInt32) -> Int { Int(fingerprint >> 1) & (slots.count - 1) }

    /// 31 bits of FNV-1a and, lowest, the kind of token.
    private static func fingerprint(_ token: UnsafeBufferPointer<UInt8>, _ isForeign: Bool) -> UInt32 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in token { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return UInt32(truncatingIfNeeded: (hash ^ hash >> 32) << 1) | (isForeign ? 1 : 0)
    }
}
