/// The variables of one scope: the template's, a macro's call, one pass through a loop.
final class Frame {
    let parent: Frame?
    /// Scopes around this one.
    let depth: Int
    private var values: [(id: Int, value: Value)] = []
    /// Where each variable is, once there are more of them than one looks through.
    private var places: [Int: Int] = [:]
    /// A macro was made here, which goes on to see the variables.
    var isCaptured = false

    private static let fewValues = 16

    init(inside parent: Frame?) {
        self.parent = parent
        depth = parent.map { $0.depth + 1 } ?? 0
    }

    func find(_ id: Int) -> Value? {
        var frame: Frame? = self
        while let current = frame {
            if let place = current.place(id) { return current.values[place].value }
            frame = current.parent
        }
        return nil
    }

    private func place(_ id: Int) -> Int? {
        values.count > Self.fewValues ? places[id] : values.firstIndex { $0.id == id }
    }

    func set(_ id: Int, _ value: Value) {
        if let place = place(id) {
            values[place].value = value
            return
        }
        values.append((id, value))
        if values.count > Self.fewValues {
            if places.isEmpty {
                for (place, entry) in values.enumerated() { places[entry.id] = place }
            } else {
                places[id] = values.count - 1
            }
        }
    }

    func removeAll() {
        values.removeAll(keepingCapacity: true)
        places = [:]
    }
}

/// What the variable `loop` holds.
final class Loop {
    /// One further value is looked at where the template asks for it; a condition is asked only then, since what the body does
    /// may change its outcome.
    private var upcoming: Value?
    private var source: ArraySlice<Value>
    private var accepts: ((Value) throws -> Bool)?
    /// Passes begun: `loop.index`.
    private(set) var position = 0
    private(set) var current: Value?
    private(set) var previous: Value?
    var lastChanged: [Value]?
    let depth: Int

    /// - Parameter depth: of what the values come from.
    init(_ values: [Value], depth: Int, accepts: ((Value) throws -> Bool)?) throws {
        guard depth < Elements.deepest else { throw Fault.failed("values are nested too deeply") }
        source = values[...]
        self.accepts = accepts
        self.depth = depth + 1
    }

    func peek() throws -> Value? {
        while upcoming == nil, let value = source.popFirst() {
            if try accepts?(value) ?? true { upcoming = value }
        }
        return upcoming
    }

    func advance() throws -> Value? {
        guard let value = try peek() else { return nil }
        upcoming = nil
        previous = current
        current = value
        position += 1
        return value
    }

    func count() throws -> Int {
        if let accepts {
            source = try source.filter(accepts)[...]
            self.accepts = nil
        }
        return position + (upcoming == nil ? 0 : 1) + source.count
    }
}
