import Kernels

/// One worker lane's memory for choosing tokens, made once for a vocabulary: a list of candidate tokens with their
/// logits and weights, in the order of their ids. Used by one lane at a time.
///
/// Pages are touched only as far as a request's candidates reach: with top-k, a few.
final class SamplingScratch: @unchecked Sendable {  // lent to one lane at a time, as the type says
    let vocabularySize: Int
    /// Candidates; their ids ascend.
    private(set) var count = 0

    private let ids: UnsafeMutableBufferPointer<Int32>
    private let values: UnsafeMutableBufferPointer<Float>
    private let weights: UnsafeMutableBufferPointer<Float>
    private let maxima: UnsafeMutableBufferPointer<Float>
    private let histogram: UnsafeMutableBufferPointer<Int64>
    // A copy of logits as the model gave them; only requests with both log-probabilities and adjustments need it.
    private var original: UnsafeMutableBufferPointer<Float>?

    /// Tokens whose greatest logit is noted together; a block without a logit above a bound is passed over as a whole.
    private static let block = 128

    init(vocabularySize: Int) {
        // A sum of that many weights of at most 2⁴⁰ fits into 63 bits.
        precondition(vocabularySize > 0 && vocabularySize < 1 << 22, "no vocabulary has \(vocabularySize) tokens")
        self.vocabularySize = vocabularySize
        ids = .allocate(capacity: vocabularySize)
        values = .allocate(capacity: vocabularySize)
        weights = .allocate(capacity: vocabularySize)
        maxima = .allocate(capacity: (vocabularySize + Self.block - 1) / Self.block)
        histogram = .allocate(capacity: DescendingThreshold.bins)
    }

    deinit {
        ids.deallocate()
        values.deallocate()
        weights.deallocate()
        maxima.deallocate()
        histogram.deallocate()
        original?.deallocate()
    }

    func id(_ index: Int) -> Int { Int(ids[index]) }
    func value(_ index: Int) -> Float { values[index] }
    func weight(_ index: Int) -> Float { weights[index] }

    /// Keeps a copy of the row until the next call.
    func keepOriginal(_ logits: UnsafeMutableBufferPointer<Float>) -> UnsafeBufferPointer<Float> {
        let copy = original ?? .allocate(capacity: vocabularySize)
        original = copy
        _ = copy.update(from: logits)
        return UnsafeBufferPointer(copy)
    }
}

// MARK: - Gathering

extension SamplingScratch {
    /// Takes note of the greatest logit of each block, and returns the greatest of all; −∞ if there is none but NaN.
    func scan(_ logits: UnsafeBufferPointer<Float>, _ kernels: KernelSet) -> Float {
        precondition(logits.count == vocabularySize, "\(logits.count) logits for \(vocabularySize) tokens")
        var greatest = -Float.infinity
        for block in maxima.indices {
            let start = block * Self.block
            let slice = UnsafeBufferPointer(rebasing: logits[start..<min(start + Self.block, logits.count)])
            let maximum = slice[kernels.argmax(slice)]
            maxima[block] = maximum.isNaN ? -.infinity : maximum
            greatest = max(greatest, maxima[block])
        }
        return greatest
    }

    /// A logit that at least `rank` tokens of the row last scanned reach: the greatest logits of `rank` blocks do.
    /// −∞ where there are too few blocks to tell.
    func lowerBound(rank: Int) -> Float {
        guard rank <= maxima.count else { return -.infinity }
        let maxima = UnsafeBufferPointer(self.maxima)
        let threshold = DescendingThreshold(in: maxima, mass: UnitMass(), target: Int64(rank), histogram: histogram)
        return DescendingThreshold.value(of: threshold.key)
    }

    /// Makes candidates of all tokens of the row last scanned whose logit is at least `bound`; NaN never is.
    func gather(_ logits: UnsafeBufferPointer<Float>, atLeast bound: Float) {
        count = 0
        for block in maxima.indices where maxima[block] >= bound {
            let start = block * Self.block
            for token in start..<min(start + Self.block, vocabularySize) {
                // Written always, counted if wanted: no branch to mispredict; count ≤ token, so there is room.
                ids[count] = Int32(truncatingIfNeeded: token)
                values[count] = logits[token]
                count &+= logits[token] >= bound ? 1 : 0
            }
        }
    }

    /// Makes candidates of those of the given values, a row's greatest, that are at least `bound`.
    func take(_ greatest: UnsafeBufferPointer<SelectedValue>, atLeast bound: Float) {
        count = 0
        for new in greatest where new.value >= bound {
            var place = count  // a few, so this is the quickest way to their ids' order
            while place > 0, ids[place - 1] > new.column {
                ids[place] = ids[place - 1]
                values[place] = values[place - 1]
                place -= 1
            }
            ids[place] = new.column
            values[place] = new.value
            count += 1
        }
    }
}

// MARK: - Narrowing

extension SamplingScratch {
    /// Keeps the `rank` greatest logits, and those equal to the last of them (`transformers`' `TopKLogitsWarper`).
    func keepGreatest(_ rank: Int) {
        guard rank < count else { return }
        let threshold = DescendingThreshold(
            in: candidateValues, mass: UnitMass(), target: Int64(rank), histogram: histogram)
        keep { DescendingThreshold.key(of: values[$0]) >= threshold.key }
    }

    /// Gives each candidate its weight exp((logit − greatest) / temperature), at most 1. The same distribution as
    /// softmax(logits / temperature), without its overflow at small temperatures.
    func weigh(greatest: Float, temperature: Float, _ kernels: KernelSet) {
        for index in 0..<count {
            // Equal to the greatest: also where both are infinite and their difference is not a number.
            weights[index] = values[index] == greatest ? 0 : (values[index] - greatest) / temperature
        }
        kernels.exp(UnsafeMutableBufferPointer(rebasing: weights[..<count]))
    }

    /// Keeps the smallest set of greatest logits whose share of the weight reaches `share` (`transformers`'
    /// `TopPLogitsWarper`). Among equal logits at the border the lower ids are kept.
    func keepNucleus(_ share: Float) {
        let total = totalMass()
        let target = max(1, min(total, Int64((Double(share) * Double(total)).rounded(.up))))
        // All tokens lighter than this together weigh at most what is to be dropped. Half of it, so that a step of the
        // exponential's rounding, which might exchange two neighbours, cannot reach the border.
        let negligible = Float(total - target) / Float(count) / WeightMass.one / 2
        if negligible > 0 { keep { weights[$0] >= negligible } }
        let masses = candidateMasses
        let threshold = DescendingThreshold(in: candidateValues, mass: masses, target: target, histogram: histogram)
        var reached = threshold.above
        keep {
            let key = DescendingThreshold.key(of: values[$0])
            guard key == threshold.key, reached < target else { return key > threshold.key }
            reached += masses.mass(at: $0)
            return true
        }
    }

    /// Keeps the candidates at least `share` times as heavy as the heaviest, whose weight is 1 (`transformers`'
    /// `MinPLogitsWarper`).
    func keepLikely(_ share: Float) {
        keep { weights[$0] >= share }
    }

    /// Draws a candidate by weight from 64 uniform bits: the inverse of the distribution function over ascending ids.
    /// `nil` if there is nothing to draw from.
    func draw(_ bits: UInt64) -> Int? {
        // ⌊bits · total / 2⁶⁴⌋, uniform in 0 ..< total up to 2⁻⁶⁴.
        let mark = Int64(bits.multipliedFullWidth(by: UInt64(totalMass())).high)
        let masses = candidateMasses
        var sum: Int64 = 0
        for index in 0..<count {
            sum += masses.mass(at: index)
            if sum > mark { return id(index) }
        }
        return nil
    }

    private var candidateValues: UnsafeBufferPointer<Float> { UnsafeBufferPointer(rebasing: values[..<count]) }
    private var candidateMasses: WeightMass {
        WeightMass(weights: UnsafeBufferPointer(rebasing: weights[..<count]))
    }

    private func totalMass() -> Int64 {
        let masses = candidateMasses
        var total: Int64 = 0
        for index in 0..<count { total += masses.mass(at: index) }
        return total
    }

    /// Drops the other candidates; the order stays.
    @inline(__always)
    private func keep(where isKept: (Int) -> Bool) {
        var kept = 0
        for index in 0..<count {
            // Written always, counted if kept, as in `gather`.
            let isKept = isKept(index)
            ids[kept] = ids[index]
            values[kept] = values[index]
            weights[kept] = weights[index]
            kept &+= isKept ? 1 : 0
        }
        count = kept
    }
}
