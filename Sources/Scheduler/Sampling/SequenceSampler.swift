import Basics
import Foundation
import Kernels

/// A token as it was chosen, and its log-probability if the request asked for it.
struct SampledToken: Sendable, Equatable {
    var id: TokenID
    var logprob: TokenLogprob?
}

/// Chooses the tokens of one sample. The choice is a pure function of the logits' bits, the parameters, the tokens
/// accepted so far and the position; neither batch nor lane nor any shortcut taken here can change it.
///
/// Rows that are not proper logits: NaN is never chosen and weighs nothing; +∞ is drawn like any greatest logit; where
/// nothing is greater than −∞ the answer is greedy's, the lowest id that is not NaN, or 0 if all are.
struct SequenceSampler: Sendable {
    private var parameters: SamplingParameters
    private let generator: CounterGenerator
    private let kernels: KernelSet
    private let vocabularySize: Int
    private let promptCount: Int
    private var adjustments: LogitAdjustments

    /// - Parameters:
    ///   - parameters: validated for this vocabulary.
    ///   - sample: which of the request's samples, from 0.
    ///   - endTokens: all that end this text (`EndCondition.endTokens`); they are barred until `minTokens`.
    ///   - vocabularySize: logits of a row.
    init(
        _ parameters: SamplingParameters, sample: Int, prompt: [TokenID], endTokens: [TokenID], vocabularySize: Int,
        kernels: KernelSet
    ) {
        self.parameters = parameters
        self.kernels = kernels
        self.vocabularySize = vocabularySize
        promptCount = prompt.count
        generator = CounterGenerator(seed: parameters.seed, sample: sample)
        adjustments = LogitAdjustments(
            parameters, prompt: prompt, endTokens: endTokens, vocabularySize: vocabularySize)
    }

    /// What must be known of the logits to choose the token that follows `generated` ones, the last `ahead` of which are
    /// not accepted yet.
    func demand(generated: Int, ahead: Int = 0) -> RowDemand {
        guard parameters.logprobs == nil, adjustments.areIdle(generated: generated, ahead: ahead) else { return .all }
        if parameters.temperature == 0 { return .greatest }
        return filtersRanks && parameters.topK <= ProductSelection.mostRank ? .top(parameters.topK) : .all
    }

    /// Chooses the token that follows `generated` ones from what `demand` asks for: the same as from all logits.
    ///
    /// - Parameter greatest: in descending order, equals by ascending token; NaN is not among them.
    func next(
        greatest: UnsafeBufferPointer<SelectedValue>, generated: Int, scratch: SamplingScratch
    ) -> SampledToken {
        precondition(scratch.vocabularySize == vocabularySize)
        guard let first = greatest.first else { return SampledToken(id: TokenID(0)) }
        guard parameters.temperature > 0, first.value > -.infinity else {
            return SampledToken(id: TokenID(rawValue: first.column))
        }
        scratch.take(greatest, atLeast: weightBound(below: first.value))
        weighCandidates(greatest: first.value, scratch)
        let drawn = scratch.draw(generator.bits(at: Position(promptCount + generated)))
        return SampledToken(id: drawn.map { TokenID($0) } ?? TokenID(rawValue: first.column))
    }

    /// Chooses the token that follows `generated` ones. Several sequences may do this at once, each lane with its own
    /// scratch.
    ///
    /// - Parameter logits: `[vocabulary]`; may be overwritten.
    func next(
        logits: UnsafeMutableBufferPointer<Float>, generated: Int, scratch: SamplingScratch
    ) -> SampledToken {
        precondition(logits.count == vocabularySize && scratch.vocabularySize == vocabularySize)
        let isAdjusted = !adjustments.areIdle(generated: generated)
        var original = UnsafeBufferPointer(logits)
        var report: LogprobReport?
        if let alternatives = parameters.logprobs {
            if isAdjusted { original = scratch.keepOriginal(logits) }
            report = LogprobReport(original, alternatives: alternatives, scratch: scratch, kernels)
        }
        if isAdjusted { adjustments.apply(to: logits, generated: generated) }

        let row = UnsafeBufferPointer(logits)
        let chosen =
            if parameters.temperature == 0 {
                kernels.argmax(row)
            } else {
                draw(from: row, at: Position(promptCount + generated), scratch) ?? kernels.argmax(row)
            }
        return SampledToken(id: TokenID(chosen), logprob: report?.logprob(of: chosen, in: original))
    }

    /// The same choices without log-probabilities.
    var withoutReports: SequenceSampler {
        var copy = self
        copy.parameters.logprobs = nil
        return copy
    }

    /// Takes note of a token that now belongs to the text; penalties count it.
    mutating func accept(_ id: TokenID) { adjustments.accept(id) }

    private func draw(from row: UnsafeBufferPointer<Float>, at position: Position, _ scratch: SamplingScratch) -> Int? {
        guard collectCandidates(of: row, scratch) else { return nil }
        return scratch.draw(generator.bits(at: position))
    }

    /// Temperature, top-k, top-p, min-p: leaves in the scratch the tokens that may be drawn, weighed. False if no logit
    /// is greater than −∞.
    func collectCandidates(of row: UnsafeBufferPointer<Float>, _ scratch: SamplingScratch) -> Bool {
        let greatest = scratch.scan(row, kernels)
        guard greatest > -.infinity else { return false }
        var bound = weightBound(below: greatest)
        if filtersRanks { bound = max(bound, scratch.lowerBound(rank: parameters.topK)) }
        scratch.gather(row, atLeast: bound)
        if filtersRanks { scratch.keepGreatest(parameters.topK) }
        weighCandidates(greatest: greatest, scratch)
        return true
    }

    private var filtersRanks: Bool { parameters.topK > 0 && parameters.topK < vocabularySize }

    /// What comes after top-k.
    private func weighCandidates(greatest: Float, _ scratch: SamplingScratch) {
        scratch.weigh(greatest: greatest, temperature: parameters.temperature, kernels)
        if parameters.topP < 1 { scratch.keepNucleus(parameters.topP) }
        if parameters.minP > 0 { scratch.keepLikely(parameters.minP) }
    }

    /// Tokens with a smaller logit can be left out unseen: their weight is 0 in fixed point (below 2⁻⁴⁰ = exp(−27.7)),
    /// or min-p drops them and no top-p before it must count them.
    private func weightBound(below greatest: Float) -> Float {
        var depth: Float = 30
        if parameters.minP > 0, parameters.topP == 1 {
            depth = min(depth, 0.01 - Float(log(Double(parameters.minP))))
        }
        // Finite, so that an infinite logit minus it is not NaN.
        return greatest - min(depth * parameters.temperature, .greatestFiniteMagnitude)
    }
}
