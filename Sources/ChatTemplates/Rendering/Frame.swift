/// The variables of one scope: the template's, a macro's call, one pass through a loop.
final class Frame {
    let parent: Frame?
    private var values: [(id: Int, value: Value)] = []
    /// A macro was made here, which goes on to see the variables.
    var isCaptured = false

    init(inside parent: Frame?) { self.parent = parent }

    func find(_ id: Int) -> Value? {
        var frame: Frame? = self
        while let current = frame {
            for entry in current.values where entry.id == id { return entry.value }
            frame = current.parent
        }
        return nil
    }

    func set(_ id: Int, _ value: Value) {
        if let index = values.firstIndex(where: { $0.id == id }) {
            values[index].value = value
        } else {
            values.append((id, value))
        }
    }

    func removeAll() { values.removeAll(keepingCapacity: true) }
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

    init(_ values: [Value], accepts: ((Value) throws -> Bool)?) throws {
        source = values[...]
        self.accepts = accepts
        depth = try Elements.depth(around: values)
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
