/// How often guesses came true, by kind: a guess is the likelier to be right, the longer the match was that it was
/// read from.
struct AcceptanceRates: Sendable {
    private var trials: [Double]
    private var hits: [Double]
    /// What a trial still counts after the next one of its kind.
    private let memory: Double

    /// - Parameter memory: below 1; about 1 / (1 − memory) trials are remembered.
    init(memory: Double) {
        self.memory = memory
        trials = Array(repeating: 0, count: Self.kinds)
        hits = trials
    }

    /// Matches of 2, 3, 4 … 7, 8 … 15 and more tokens are five kinds.
    static let kinds = 6
    /// A draft model's guesses are one kind more.
    static let kindOfDraftModel = 5

    static func kind(ofMatch length: Int) -> Int {
        switch length {
        case ...2: 0
        case 3: 1
        case ..<8: 2
        case ..<16: 3
        default: 4
        }
    }

    mutating func note(kind: Int, hit: Bool) {
        trials[kind] = trials[kind] * memory + 1
        hits[kind] = hits[kind] * memory + (hit ? 1 : 0)
    }

    /// The chance of a hit, where `prior` counts as so many trials as `weight` says.
    func chance(kind: Int, prior: Double, weight: Double) -> Double {
        (hits[kind] + prior * weight) / (trials[kind] + weight)
    }
}
