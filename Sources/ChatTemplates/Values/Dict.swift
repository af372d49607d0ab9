/// A Python dict: keys in the order in which they came. It is written to only while it is made.
final class Dict {
    private(set) var keys: [Value] = []
    private(set) var values: [Value] = []
    private(set) var depth = 1
    /// Where each key is, once there are more of them than one looks through.
    private var places: [DictKey: Int] = [:]
    private var hashedKeys: [DictKey] = []

    private static let fewKeys = 8

    var count: Int { keys.count }

    func set(_ name: String, _ value: Value) throws { try set(.string(ScalarString(name)), .string(name), value) }

    func set(_ key: Value, _ value: Value, _ budget: Budget) throws { try set(DictKey(key, budget), key, value) }

    private func set(_ hashed: DictKey, _ key: Value, _ value: Value) throws {
        depth = max(
            depth, try Elements.depth(around: CollectionOfOne(value)), try Elements.depth(around: CollectionOfOne(key)))
        if let index = place(hashed) {
            values[index] = value
            return
        }
        keys.append(key)
        values.append(value)
        hashedKeys.append(hashed)
        if count > Self.fewKeys {
            if places.isEmpty {
                for (index, key) in hashedKeys.enumerated() { places[key] = index }
            } else {
                places[hashed] = count - 1
            }
        }
    }

    private func place(_ key: DictKey) -> Int? {
        count > Self.fewKeys ? places[key] : hashedKeys.firstIndex(of: key)
    }

    /// - Throws: for a key that no dict can have.
    func find(_ key: Value, _ budget: Budget) throws -> Value? {
        if case .string(let name) = key {
            try budget.spend(bytes: name.utf8.count / 16)
            return find(name)
        }
        return place(try DictKey(key, budget)).map { values[$0] }
    }

    func find(_ name: String) -> Value? {
        guard count <= Self.fewKeys else { return places[.string(ScalarString(name))].map { values[$0] } }
        for index in 0..<count {
            if case .string(let key) = keys[index], same(key, name) { return values[index] }
        }
        return nil
    }

    func pairs() throws -> [Value] {
        try zip(keys, values).map { try .tuple([$0, $1]) }
    }
}

/// What Python hashes: 1, 1.0 and True are one key.
enum DictKey: Hashable {
    case none
    case integer(Int)
    case number(Double)
    case string(ScalarString)
    case tuple([DictKey])
    case identity(ObjectIdentifier)

    init(_ value: Value, _ budget: Budget) throws {
        try budget.step()
        switch value {
        case .none: self = .none
        case .bool(let value): self = .integer(value ? 1 : 0)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = Int(exactly: value).map(DictKey.integer) ?? .number(value)
        case .string(let text): self = .string(ScalarString(text))
        case .tuple(let elements): self = .tuple(try elements.values.map { try DictKey($0, budget) })
        case .undefined: self = .identity(ObjectIdentifier(Undefined.self))
        case .namespace(let namespace): self = .identity(ObjectIdentifier(namespace))
        case .loop(let loop): self = .identity(ObjectIdentifier(loop))
        default: throw Fault.failed("'\(value.typeName)' object cannot be a key: it is unhashable")
        }
    }
}

/// A string that is equal to those of the same code points only, as in Python; Swift's own takes é and e + ´ for the same.
struct ScalarString: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: ScalarString, b: ScalarString) -> Bool { same(a.text, b.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

func same(_ a: String, _ b: String) -> Bool { a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8) }
