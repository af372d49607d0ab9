import Basics
import Kernels

@testable import Scheduler

/// What the sampler's tests need around it: kernels, a scratch, and rows that are given as arrays.
struct SamplerBench {
    let kernels: KernelSet
    let scratch: SamplingScratch
    var endTokens: [TokenID] = []
    var prompt: [TokenID] = []

    init(vocabularySize: Int) throws {
        kernels = try KernelSet.select()
        scratch = SamplingScratch(vocabularySize: vocabularySize)
    }

    func sampler(_ parameters: SamplingParameters, sample: Int = 0) -> SequenceSampler {
        SequenceSampler(
            parameters, sample: sample, prompt: prompt, endTokens: endTokens,
            vocabularySize: scratch.vocabularySize, kernels: kernels)
    }

    /// Chooses from a copy of the row.
    func next(_ sampler: SequenceSampler, _ row: [Float], generated: Int = 0) -> SampledToken {
        var logits = row
        return logits.withUnsafeMutableBufferPointer {
            sampler.next(logits: $0, generated: generated, scratch: scratch)
        }
    }

    func next(_ parameters: SamplingParameters, _ row: [Float], generated: Int = 0) -> SampledToken {
        next(sampler(parameters), row, generated: generated)
    }

    /// The tokens that may be drawn and their weights.
    func candidates(_ parameters: SamplingParameters, _ row: [Float]) -> [(id: Int, mass: Int64)] {
        let sampler = sampler(parameters)
        guard row.withUnsafeBufferPointer({ sampler.collectCandidates(of: $0, scratch) }) else { return [] }
        return (0..<scratch.count).map { (scratch.id($0), fixedPoint(scratch.weight($0))) }.filter { $0.mass > 0 }
    }
}

func fixedPoint(_ weight: Float) -> Int64 { Int64(min(weight, 1) * 0x1p40) }

func sampling(_ change: (inout SamplingParameters) -> Void) -> SamplingParameters {
    var parameters = SamplingParameters()
    parameters.temperature = 1
    change(&parameters)
    return parameters
}
