import CKernels
import Kernels
import Testing

/// Steep heads at long contexts: tiles that weigh nothing are left out, and most of them are not read.
@Suite struct ReachTests {
    static let slopes: [Float] = [0.7071, 0.25, 0.11]

    @Test(
        "however little of the past a slope leaves, the result is the softmax over all of it", arguments: slopes,
        KeyValueFormat.allCases)
    func nearTheReference(_ slope: Float, _ format: KeyValueFormat) {
        let head = PagedHead(headDim: 40, tokens: 1300, format: format, slope: slope, seed: 21, groupsPerBlock: 2)
        guard let kernels = instructionSets.first?.kernels else { return }
        for position in [255, 256, 400, 511, 700, 1023, 1024, 1279, 1299] {
            let found = head.attend(kernels, position..<(position + 1))
            for (a, b) in zip(found, head.reference(position)) {
                // A score's last bit is 2⁻¹⁴ at most (it is below 1,024), and the weighted mean of |v| < 5 errs with the scores.
                #expect((Double(a) - b).magnitude < 5 * 0x1p-13, "slope \(slope), position \(position)")
            }
        }
    }

    @Test(
        "which queries stand together, and what is known of the keys, changes no bit", arguments: slopes,
        KeyValueFormat.allCases)
    func together(_ slope: Float, _ format: KeyValueFormat) {
        let tokens = 1100
        let head = PagedHead(headDim: 24, tokens: tokens, format: format, slope: slope, seed: 22, groupsPerBlock: 3)
        for (name, kernels) in instructionSets where name != "portable" {
            let alone = (600..<tokens).flatMap { head.attend(kernels, $0..<($0 + 1)) }.bits
            for chunk in [7, 64, 500] {
                let pieces = stride(from: 600, to: tokens, by: chunk).flatMap {
                    head.attend(kernels, $0..<min($0 + chunk, tokens))
                }
                #expect(pieces.bits == alone, "\(name), chunks of \(chunk)")
            }
        }
        #expect(disagreement { head.attend($0, 1090..<tokens) } == nil)

        // A key that nobody here sees makes the bound useless: then everything is read.
        let expected = instructionSets.map { head.attend($0.kernels, 900..<1090).bits }
        for value in [Float(1e15), .infinity, .nan] {
            head.store(tokens - 1, key: [Float](repeating: value, count: 24), value: head.values[tokens - 1])
            for ((name, kernels), expected) in zip(instructionSets, expected) {
                #expect(head.attend(kernels, 900..<1090).bits == expected, "\(name), beside a key of \(value)")
            }
        }
    }

    @Test("tiles that are too far are not read", arguments: KeyValueFormat.allCases)
    func unread(_ format: KeyValueFormat) {
        let head = PagedHead(headDim: 64, tokens: 1536, format: format, slope: 0.5, seed: 23, groupsPerBlock: 2)
        let expected = instructionSets.map { head.attend($0.kernels, 1500..<1536).bits }
        // 1,500 − 1,024 positions of slope ½ are 238: more than 64 + 2·|q|·|k|/8.
        head.spoil(0..<1024, groupsPerBlock: 2)
        for ((name, kernels), expected) in zip(instructionSets, expected) {
            #expect(head.attend(kernels, 1500..<1536).bits == expected, "\(name)")
        }
    }
}
