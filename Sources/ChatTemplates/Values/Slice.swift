/// The places that Python's `[start:stop:step]` picks out of `count` ones.
struct Slice {
    let start: Int
    let step: Int
    let count: Int

    init(start: Int?, stop: Int?, step: Int?, of count: Int) throws {
        let step = max(step ?? 1, -Int.max)
        guard step != 0 else { throw Fault.failed("slice step cannot be zero") }
        let (lower, upper) = step > 0 ? (0, count) : (-1, count - 1)
        func place(_ index: Int?, _ standard: Int) -> Int {
            guard let index else { return standard }
            return index < 0 ? max(index + count, lower) : min(index, upper)
        }
        let first = place(start, step > 0 ? lower : upper)
        let end = place(stop, step > 0 ? upper : lower)
        let distance = step > 0 ? end - first : first - end
        self.start = first
        self.step = step
        self.count = distance > 0 ? (distance - 1) / abs(step) + 1 : 0
    }

    var places: some Sequence<Int> { (0..<count).lazy.map { [start, step] in start + $0 * step } }

    func pick(_ values: [Value]) -> [Value] {
        step == 1 ? Array(values[start..<start + count]) : places.map { values[$0] }
    }

    func pick(_ text: String) -> String {
        if step == 1 {
            let scalars = text.unicodeScalars
            let first = scalars.index(scalars.startIndex, offsetBy: start)
            return String(scalars[first..<scalars.index(first, offsetBy: count)])
        }
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        for place in places { result.append(scalars[place]) }
        return String(result)
    }
}
