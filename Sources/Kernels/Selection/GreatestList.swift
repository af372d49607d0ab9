/// The greatest values of one row that have been seen so far, in descending order, equals in the order of their columns.
/// Memory is the owner's.
struct GreatestList {
    private let entries: UnsafeMutablePointer<SelectedValue>
    private let capacity: Int
    private(set) var demand = RowDemand.all
    private var rank = 0
    private var keepsEqual = false
    private(set) var count = 0
    /// What is less can not enter; what is NaN never does.
    private(set) var bound = Float.nan
    /// There were more equals than there is room for: what is listed is of no use.
    private(set) var hasOverflowed = false

    init(_ entries: UnsafeMutablePointer<SelectedValue>, capacity: Int) {
        self.entries = entries
        self.capacity = capacity
    }

    var values: UnsafeBufferPointer<SelectedValue> { UnsafeBufferPointer(start: entries, count: count) }

    /// Start a new row. A row of which all is asked lists nothing.
    mutating func begin(_ demand: RowDemand) {
        self.demand = demand
        count = 0
        hasOverflowed = false
        bound = -.infinity
        switch demand {
        case .all:
            rank = 0
            bound = .nan
        case .greatest:
            rank = 1
            keepsEqual = false
        case .top(let rank):
            precondition(rank >= 1 && rank < capacity, "the list has room for \(rank) values and one more")
            self.rank = rank
            keepsEqual = true
        }
    }

    mutating func insert(_ new: SelectedValue) {
        guard new.value >= bound else { return }
        guard count < capacity else {
            hasOverflowed = true
            bound = .nan
            return
        }
        var place = count
        while place > 0, new.precedes(entries[place - 1]) {
            entries[place] = entries[place - 1]
            place -= 1
        }
        entries[place] = new
        count += 1
        guard count >= rank else { return }
        let last = entries[rank - 1].value
        if keepsEqual {
            while entries[count - 1].value < last { count -= 1 }
        } else {
            count = rank
        }
        bound = last
    }
}

extension SelectedValue {
    fileprivate func precedes(_ other: SelectedValue) -> Bool {
        value > other.value || value == other.value && column < other.column
    }
}
