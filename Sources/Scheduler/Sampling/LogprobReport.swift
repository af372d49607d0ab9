import Basics
import Foundation
import Kernels

/// The model's own distribution at one position: its normaliser and its most likely tokens. NaN logits count as −∞;
/// a log-probability is never NaN, but it is −∞ for a token that cannot occur.
struct LogprobReport {
    private let greatest: Float
    private let logSum: Double
    private var top: [TokenLogprob.Alternative] = []

    /// - Parameters:
    ///   - logits: `[vocabulary]`, before penalties and temperature.
    ///   - alternatives: how many of the most likely tokens to report; those that cannot occur are left out.
    init(_ logits: UnsafeBufferPointer<Float>, alternatives: Int, scratch: SamplingScratch, _ kernels: KernelSet) {
        let sums = kernels.softmaxSums(logits)
        if sums.max.isFinite, sums.sum.isFinite, sums.sum > 0 {
            greatest = sums.max
            logSum = log(sums.sum)
        } else {
            (greatest, logSum) = Self.sumsOfImproper(logits)
        }
        guard alternatives > 0 else { return }

        top.reserveCapacity(alternatives + 1)
        _ = scratch.scan(logits, kernels)
        scratch.gather(logits, atLeast: scratch.lowerBound(rank: alternatives))
        for index in 0..<scratch.count {
            let candidate = TokenLogprob.Alternative(id: TokenID(scratch.id(index)), logprob: scratch.value(index))
            insert(candidate, limit: alternatives)
        }
        for index in top.indices { top[index].logprob = logprob(of: top[index].logprob) }
    }

    func logprob(of token: Int, in logits: UnsafeBufferPointer<Float>) -> TokenLogprob {
        TokenLogprob(id: TokenID(token), logprob: logprob(of: logits[token]), top: top)
    }

    func logprob(of logit: Float) -> Float {
        if logit == greatest, greatest > -.infinity { return Float(-logSum) }
        return logit > -.infinity ? Float(Double(logit) - Double(greatest) - logSum) : -.infinity
    }

    /// Keeps the greatest `limit` logits in order; candidates come by ascending id, so an equal one goes behind.
    private mutating func insert(_ candidate: TokenLogprob.Alternative, limit: Int) {
        guard candidate.logprob > -.infinity else { return }
        if top.count == limit {
            guard candidate.logprob > top[limit - 1].logprob else { return }
            top.removeLast()
        }
        var place = top.count
        while place > 0, top[place - 1].logprob < candidate.logprob { place -= 1 }
        top.insert(candidate, at: place)
    }

    /// Rows with NaN or with no finite maximum, which the kernel does not promise anything about.
    private static func sumsOfImproper(_ logits: UnsafeBufferPointer<Float>) -> (greatest: Float, logSum: Double) {
        var greatest = -Float.infinity
        for logit in logits where logit > greatest { greatest = logit }
        var sum = 0.0
        for logit in logits where !logit.isNaN {
            sum += logit == greatest ? 1 : Foundation.exp(Double(logit) - Double(greatest))
        }
        return (greatest, sum > 0 ? log(sum) : 0)
    }
}
