import Basics
import Foundation
import Testing

@testable import Scheduler

@Suite("Choosing a token")
struct SamplingChoiceTests {
    @Test("greedy takes the greatest logit, the lowest id of equals, never NaN")
    func greedy() throws {
        let greedy = SamplingParameters()
        func choose(_ row: [Float]) throws -> TokenID {
            try SamplerBench(vocabularySize: row.count).next(greedy, row).id
        }
        #expect(try choose([1, 3, 2]) == 1)
        #expect(try choose([1, 3, 3]) == 1)
        #expect(try choose([.nan, -5, .nan, -4]) == 3)
        #expect(try choose([.nan, -.infinity]) == 1)
        #expect(try choose([.nan, .nan]) == 0)
        #expect(try choose([0, .infinity, .infinity]) == 1)
    }

    @Test("rows without a proper distribution are answered all the same")
    func improperRows() throws {
        let bench = try SamplerBench(vocabularySize: 3)
        let settings = [
            sampling { _ in }, sampling { $0.topK = 2 }, sampling { $0.topP = 0.5 },
            sampling { $0.minP = 0.5 }, sampling { $0.logprobs = 3 },
            sampling {
                $0.temperature = .greatestFiniteMagnitude
                $0.topP = 0.5
            },
        ]
        for parameters in settings {
            #expect(bench.next(parameters, [.nan, .nan, .nan]).id == 0)
            #expect(bench.next(parameters, [.nan, -.infinity, -.infinity]).id == 1)
            #expect(bench.next(parameters, [-.infinity, -.infinity, 0]).id == 2)
            #expect(bench.next(parameters, [.nan, 5, .nan]).id == 1)
            for position in 0..<20 {
                #expect(bench.next(parameters, [.infinity, .infinity, 0], generated: position).id != 2)
            }
        }
    }

    @Test("draws follow the distribution (χ² of 20,000 draws, 99.9th percentile)", arguments: [0, 1, 2] as [UInt64])
    func distribution(seed: UInt64) throws {
        let probabilities = [0.4, 0.25, 0.15, 0.1, 0.06, 0.03, 0.01]
        let row = probabilities.map { Float(log($0)) }
        let bench = try SamplerBench(vocabularySize: row.count)
        let sampler = bench.sampler(sampling { $0.seed = seed })
        let draws = 20_000
        var counts = Array(repeating: 0, count: row.count)
        for position in 0..<draws { counts[bench.next(sampler, row, generated: position).id.index] += 1 }
        let chiSquare = zip(counts, probabilities).reduce(0.0) { sum, pair in
            let expected = pair.1 * Double(draws)
            return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
        }
        #expect(chiSquare < 22.46, "seed \(seed): \(counts)")  // six degrees of freedom
    }

    @Test("a draw depends on seed, sample and absolute position, and on nothing that came before")
    func pureDraws() throws {
        var bench = try SamplerBench(vocabularySize: 1000)
        let row = [Float](repeating: 0, count: 1000)
        func text(_ parameters: SamplingParameters, sample: Int = 0) -> [TokenID] {
            let sampler = bench.sampler(parameters, sample: sample)
            return (0..<20).map { bench.next(sampler, row, generated: $0).id }
        }
        let parameters = sampling { $0.seed = 7 }
        let first = text(parameters)
        #expect(text(parameters) == first)
        #expect(text(parameters, sample: 1) != first)
        #expect(text(sampling { $0.seed = 8 }) != first)
        #expect(text(sampling { $0.seed = 7 | 1 << 32 }) != first)
        #expect(Set(first).count > 10)

        let sampler = bench.sampler(parameters)
        #expect((0..<20).reversed().map { bench.next(sampler, row, generated: $0).id } == first.reversed())

        // Tokens of the text moved into the prompt: the rest goes on as it did.
        bench.prompt = Array(first.prefix(5))
        let continued = bench.sampler(parameters)
        #expect((0..<15).map { bench.next(continued, row, generated: $0).id } == Array(first.dropFirst(5)))
    }

    @Test("penalties follow the tokens accepted")
    func penaltiesFollow() throws {
        let bench = try SamplerBench(vocabularySize: 3)
        var sampler = bench.sampler(
            sampling {
                $0.temperature = 0
                $0.presencePenalty = 1
            })
        var text: [TokenID] = []
        for generated in 0..<4 {
            let token = bench.next(sampler, [0.8, 1, 0.6], generated: generated).id
            sampler.accept(token)
            text.append(token)
        }
        #expect(text == [1, 0, 2, 1])
    }
}

@Suite("Log-probabilities")
struct SamplingLogprobTests {
    @Test("they are log-softmax of the model's logits, most likely first", arguments: [0, 1, 5, 20])
    func golden(alternatives: Int) throws {
        let fixture = try SamplingFixture.load()
        for golden in fixture.logprobs {
            let row = fixture.row(golden.row)
            let bench = try SamplerBench(vocabularySize: row.count)
            let parameters = sampling {
                $0.temperature = 0
                $0.logprobs = alternatives
            }
            let logprob = try #require(bench.next(parameters, row).logprob)
            #expect(logprob.top.map(\.id.index) == Array(golden.top.prefix(alternatives)))
            for (alternative, expected) in zip(logprob.top, golden.logprobs) {
                #expect(abs(alternative.logprob - expected) < 1e-5)
            }
            #expect(logprob.id.index == golden.top[0])
            #expect(abs(logprob.logprob - golden.logprobs[0]) < 1e-5)
        }
    }

    @Test("penalties, biases and temperature move the choice, not the log-probabilities")
    func modelsOwn() throws {
        let bench = try SamplerBench(vocabularySize: 4)
        let row: [Float] = [0, 0, 0, 0]
        let parameters = sampling {
            $0.temperature = 0.01
            $0.logitBias = [2: 50]
            $0.logprobs = 2
        }
        let token = bench.next(parameters, row)
        #expect(token.id == 2)
        let logprob = try #require(token.logprob)
        #expect(abs(logprob.logprob - -1.386_294_4) < 1e-6)
        #expect(logprob.top.map(\.id) == [0, 1])
        #expect(abs(logprob.top[1].logprob - -1.386_294_4) < 1e-6)
    }

    @Test("they are never NaN; tokens that cannot occur are no alternatives")
    func improperRows() throws {
        let bench = try SamplerBench(vocabularySize: 3)
        let parameters = sampling {
            $0.temperature = 0
            $0.logprobs = 3
        }
        func report(_ row: [Float]) throws -> TokenLogprob { try #require(bench.next(parameters, row).logprob) }
        #expect(try report([.nan, .nan, .nan]) == TokenLogprob(id: 0, logprob: -.infinity, top: []))
        #expect(try report([-.infinity, .nan, 3]) == TokenLogprob(id: 2, logprob: 0, top: [.init(id: 2, logprob: 0)]))
        let infinite = try report([.infinity, 0, .infinity])
        #expect(infinite.top.map(\.id) == [0, 2, 1])
        #expect(abs(infinite.logprob - -0.693_147_2) < 1e-6)
        #expect(infinite.top[2].logprob == -.infinity)
    }
}
