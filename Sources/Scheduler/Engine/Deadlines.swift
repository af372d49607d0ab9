import HeapModule

/// Requests by the moment at which they end, done or not.
struct Deadlines {
    private struct Entry: Comparable {
        let moment: ContinuousClock.Instant
        let request: Int

        static func < (a: Entry, b: Entry) -> Bool { a.moment < b.moment }
    }

    private var entries = Heap<Entry>()

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ request: Int, at moment: ContinuousClock.Instant) {
        entries.insert(Entry(moment: moment, request: request))
    }

    /// Requests whose moment has come, also those that have ended by themselves before.
    mutating func takeExpired(at now: ContinuousClock.Instant) -> [Int] {
        var expired: [Int] = []
        while let first = entries.min, first.moment <= now {
            entries.removeMin()
            expired.append(first.request)
        }
        return expired
    }
}
