import Basics
import Testing

@testable import Scheduler

@Suite("The counter-based generator")
struct CounterGeneratorTests {
    // "philox4x32 10" of Random123's kat_vectors.
    @Test("Philox4x32-10 gives the published known answers")
    func knownAnswers() {
        let ones = UInt32.max
        #expect(
            CounterGenerator.philox4x32(counter: SIMD4(0, 0, 0, 0), key: SIMD2(0, 0))
                == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            CounterGenerator.philox4x32(counter: SIMD4(ones, ones, ones, ones), key: SIMD2(ones, ones))
                == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        #expect(
            CounterGenerator.philox4x32(
                counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
                key: SIMD2(0xA409_3822, 0x299F_31D0))
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test("seed, sample and position each give other bits")
    func distinct() {
        var seen: Set<UInt64> = []
        for seed in [0, 1, 1 << 32, UInt64.max] {
            for sample in 0..<8 {
                let generator = CounterGenerator(seed: seed, sample: sample)
                for position in 0..<100 { seen.insert(generator.bits(at: Position(position))) }
            }
        }
        #expect(seen.count == 4 * 8 * 100)
    }
}
