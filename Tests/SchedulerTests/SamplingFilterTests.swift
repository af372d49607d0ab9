import Basics
import Kernels
import TestSupport
import Testing

@testable import Scheduler

@Suite("Temperature, top-k, top-p and min-p")
struct SamplingFilterTests {
    @Test("the filters keep the tokens that transformers' warpers keep, with their probabilities")
    func golden() throws {
        let fixture = try SamplingFixture.load()
        #expect(fixture.warpers.count > 50)
        for golden in fixture.warpers {
            let row = fixture.row(golden.row)
            let parameters = sampling {
                $0.temperature = golden.temperature
                $0.topK = golden.topK
                $0.topP = golden.topP
                $0.minP = golden.minP
            }
            let kept = try SamplerBench(vocabularySize: row.count).candidates(parameters, row)
            #expect(kept.map(\.id) == golden.kept, "\(golden)")
            let total = kept.reduce(0) { $0 + $1.mass }
            let greatest = kept.map(\.mass).max() ?? 0
            #expect(greatest == 1 << 40, "\(golden)")
            #expect(abs(Double(greatest) / Double(total) - golden.greatestProbability) < 1e-5, "\(golden)")
        }
    }

    @Test("no shortcut changes what is kept: the same as by sorting the whole row", arguments: 0..<60 as Range<UInt64>)
    func againstSorting(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let size = Int.random(in: 1...1200, using: &random)
        // Few distinct values make ties, also at the borders of the filters.
        let steps = [2, 30, 1_000_000].randomElement(using: &random)!
        let spread = Float([0.01, 1, 6, 200].randomElement(using: &random)!)
        let row = (0..<size).map { _ -> Float in
            let dice = Int.random(in: 0..<100, using: &random)
            if dice == 0 { return .nan }
            if dice == 1 { return -.infinity }
            return Float(Int.random(in: -steps...steps, using: &random)) / Float(steps) * spread
        }
        let parameters = sampling {
            $0.temperature = [0.1, 0.7, 1, 3].randomElement(using: &random)!
            $0.topK = [0, 1, 2, 5, 40, 500, 5000].randomElement(using: &random)!
            $0.topP = [1, 1, 0.01, 0.5, 0.9, 0.999].randomElement(using: &random)!
            $0.minP = [0, 0, 0.01, 0.3, 1].randomElement(using: &random)!
        }
        let bench = try SamplerBench(vocabularySize: size)
        let expected = sorted(row, parameters, bench)
        #expect(bench.candidates(parameters, row).map(\.id) == expected, "seed \(seed)")
    }

    /// The definitions, word for word, by a sort of everything (logit descending, id ascending).
    private func sorted(_ row: [Float], _ parameters: SamplingParameters, _ bench: SamplerBench) -> [Int] {
        var ranked = row.indices.filter { row[$0] > -.infinity }.sorted { (-row[$0], $0) < (-row[$1], $1) }
        guard let first = ranked.first else { return [] }
        if parameters.topK > 0, parameters.topK < ranked.count {
            let last = row[ranked[parameters.topK - 1]]
            ranked.removeAll { row[$0] < last }
        }
        var weights = ranked.map { (row[$0] - row[first]) / parameters.temperature }
        weights.withUnsafeMutableBufferPointer { bench.kernels.exp($0) }
        let masses = weights.map(fixedPoint)
        if parameters.topP < 1 {
            let target = Double(parameters.topP) * Double(masses.reduce(0, +))
            var sum: Int64 = 0
            var kept = 0
            while kept < ranked.count, Double(sum) < target {
                sum += masses[kept]
                kept += 1
            }
            ranked.removeLast(ranked.count - kept)
        }
        return zip(ranked, zip(weights, masses)).filter { $0.1.0 >= parameters.minP && $0.1.1 > 0 }.map(\.0).sorted()
    }

    @Test("of equal logits at top-p's border the lower ids stay; at top-k's border all stay")
    func ties() throws {
        let bench = try SamplerBench(vocabularySize: 300)
        var row = [Float](repeating: 0, count: 300)
        row[299] = 1
        #expect(bench.candidates(sampling { $0.topK = 2 }, row).count == 300)
        #expect(bench.candidates(sampling { $0.topK = 1 }, row).map(\.id) == [299])
        // Shares: e / (e + 299) = 0.9% for token 299, 0.33% for each other; 1.5% need two of them.
        #expect(bench.candidates(sampling { $0.topP = 0.015 }, row).map(\.id) == [0, 1, 299])
        #expect(bench.candidates(sampling { $0.topP = 1e-6 }, row).map(\.id) == [299])
        // Both zeros are the same number.
        row[0] = -0.0
        #expect(bench.candidates(sampling { $0.topP = 0.015 }, row).map(\.id) == [0, 1, 299])
    }

    @Test("a bit of top-k is found wherever it lies in a large vocabulary", arguments: [1, 3, 50, 3000])
    func largeVocabulary(rank: Int) throws {
        let size = 50_001
        let bench = try SamplerBench(vocabularySize: size)
        // A permutation of distinct logits: 7919 is prime to the size.
        let row = (0..<size).map { Float($0 * 7919 % size) / 4096 }
        let expected = (0..<size).filter { $0 * 7919 % size >= size - rank }
        #expect(bench.candidates(sampling { $0.topK = rank }, row).map(\.id) == expected)
    }

    @Test("the smallest and the greatest temperatures neither overflow nor draw what cannot be")
    func extremeTemperatures() throws {
        let bench = try SamplerBench(vocabularySize: 4)
        let row: [Float] = [-3e38, 3e38, 2.9e38, -.infinity]
        for position in 0..<50 {
            let cold = sampling { $0.temperature = .leastNonzeroMagnitude }
            #expect(bench.next(cold, row, generated: position).id == 1)
            let hot = sampling { $0.temperature = .greatestFiniteMagnitude }
            #expect(bench.next(hot, row, generated: position).id != 3)
        }
    }
}
