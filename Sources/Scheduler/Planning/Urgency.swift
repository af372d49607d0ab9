/// Who goes first: the lower level, then the earlier deadline (none is the latest), then whoever came first.
struct Urgency: Comparable, Hashable {
    /// The request's priority; lower once the sequence has waited so long that it was let in before more urgent ones.
    var level: Int
    let deadline: ContinuousClock.Instant?
    /// Order of arrival, different for any two.
    let arrival: Int

    static func < (a: Urgency, b: Urgency) -> Bool {
        if a.level != b.level { return a.level < b.level }
        switch (a.deadline, b.deadline) {
        case (let a?, let b?) where a != b: return a < b
        case (_?, nil): return true
        case (nil, _?): return false
        default: return a.arrival < b.arrival
        }
    }

    /// Whether nothing but the order of arrival puts one before the other.
    func isPeer(of other: Urgency) -> Bool { level == other.level && deadline == other.deadline }
}
