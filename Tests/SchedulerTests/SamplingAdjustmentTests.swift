import Basics
import Testing

@testable import Scheduler

@Suite("Penalties, biases and barred end tokens")
struct SamplingAdjustmentTests {
    private func adjust(
        _ row: [Float], _ parameters: SamplingParameters, prompt: [TokenID] = [], generated: [TokenID] = [],
        endTokens: [TokenID] = []
    ) -> [Float] {
        var adjustments = LogitAdjustments(
            parameters, prompt: prompt, endTokens: endTokens, vocabularySize: row.count)
        for id in generated { adjustments.accept(id) }
        var logits = row
        let isIdle = adjustments.areIdle(generated: generated.count)
        logits.withUnsafeMutableBufferPointer { adjustments.apply(to: $0, generated: generated.count) }
        #expect(!isIdle || zip(logits, row).allSatisfy { $0.bitPattern == $1.bitPattern })
        return logits
    }

    @Test("the repetition penalty gives transformers' bits, however the tokens are split into prompt and text")
    func repetition() throws {
        let fixture = try SamplingFixture.load()
        for golden in fixture.penalties {
            let row = fixture.row(golden.row)
            var expected = row
            for (token, bits) in zip(golden.changed, golden.bits) { expected[token] = Float(bitPattern: bits) }
            let parameters = sampling { $0.repetitionPenalty = golden.penalty }
            for split in [0, 1, 5, golden.seen.count] {
                let penalised = adjust(
                    row, parameters, prompt: Array(golden.seen.prefix(split)),
                    generated: Array(golden.seen.dropFirst(split)))
                #expect(penalised == expected, "\(golden.row), \(golden.penalty), split at \(split)")
            }
        }
    }

    @Test("presence counts once, frequency each time, and the prompt never")
    func presenceAndFrequency() {
        let parameters = sampling {
            $0.presencePenalty = 0.5
            $0.frequencyPenalty = 0.25
        }
        let adjusted = adjust([1, 1, 1, 1], parameters, prompt: [0, 1, 1], generated: [1, 2, 2, 2])
        #expect(adjusted == [1, 0.25, -0.25, 1])
    }

    @Test("repetition first, then presence and frequency, then the bias")
    func order() {
        let parameters = sampling {
            $0.repetitionPenalty = 2
            $0.presencePenalty = 1
            $0.frequencyPenalty = 0.5
            $0.logitBias = [0: 10, 2: -3]
        }
        // 4 / 2 − 2·0.5 − 1 + 10; −4 · 2 for a token of the prompt; the bias alone.
        #expect(adjust([4, -4, 4], parameters, prompt: [1], generated: [0, 0]) == [10, -8, 1])
    }

    @Test("end tokens are barred until enough tokens are generated, whatever their bias")
    func minTokens() {
        let parameters = sampling {
            $0.minTokens = 2
            $0.logitBias = [2: 100]
        }
        #expect(adjust([0, 0, 0], parameters, generated: [0], endTokens: [2]) == [0, 0, -.infinity])
        #expect(adjust([0, 0, 0], parameters, generated: [0, 1], endTokens: [2]) == [0, 0, 100])
        #expect(adjust([0, 0, 0], parameters, generated: [], endTokens: []) == [0, 0, 100])
    }
}
