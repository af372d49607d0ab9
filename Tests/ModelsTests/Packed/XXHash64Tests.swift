import Testing

@testable import Models

@Suite struct XXHash64Tests {
    // As the reference implementation (xxhsum, python-xxhash) has them.
    @Test(
        "texts of every length class have the published checksums",
        arguments: [
            ("", 0, 0xEF46_DB37_51D8_E999), ("a", 0, 0xD24E_C4F1_A98C_6E5B), ("abc", 0, 0x44BC_2CF5_AD77_0999),
            ("xxhash", 20_141_025, 0xB559_B98D_844E_0635),
            ("Nobody inspects the spammish repetition", 0, 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64, UInt64)])
    func published(text: String, seed: UInt64, checksum: UInt64) {
        #expect(Array(text.utf8).withUnsafeBytes { XXHash64.hash($0, seed: seed) } == checksum)
    }

    @Test("any changed bit changes the checksum, at any length")
    func changes() {
        for length in [1, 7, 8, 31, 32, 33, 100] {
            var bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let whole = bytes.withUnsafeBytes { XXHash64.hash($0) }
            for index in bytes.indices {
                bytes[index] ^= 16
                #expect(bytes.withUnsafeBytes { XXHash64.hash($0) } != whole, "byte \(index) of \(length)")
                bytes[index] ^= 16
            }
        }
    }
}
