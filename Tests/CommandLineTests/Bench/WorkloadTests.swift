import Parterre
import Testing

@testable import ParterreCLI

@Suite("A workload")
struct WorkloadTests {
    @Test(
        "goes by one name",
        arguments: [
            ("prefill512", Workload.prefill(tokens: 512)), ("prefill1", .prefill(tokens: 1)),
            ("decode_b1", .decode(batch: 1)), ("decode_b16", .decode(batch: 16)), ("mixed32", .mixed(requests: 32)),
            ("crowded64", .crowded(requests: 64)),
            ("prefix64", .prefix(requests: 64)),
            ("long8192_b8", .long(context: 8192, batch: 8)), ("long4096_b4", .long(context: 4096, batch: 4)),
        ])
    func names(name: String, workload: Workload) {
        #expect(Workload(named: name) == workload)
        #expect(workload.name == name)
    }

    @Test(
        "is not what looks like one",
        arguments: [
            "", "prefill", "prefill0", "prefill-1", "prefill+5", "prefill012", "prefill 5", "prefill٣", "prefill512x",
            "decode", "decode8", "decode_b", "decode_b0", "decode_b4097", "mixed", "mixed64_b8", "crowded", "prefix",
            "prefix0", "prefix64_b8", "long", "long8192",
            "long_b8", "long8192_b", "long8192_b8_b8", "Prefill512", "prefill99999999999999999999",
        ])
    func strangers(name: String) { #expect(Workload(named: name) == nil) }

    @Test("has the same work in every run and on every machine, by its seed")
    func seeds() {
        var sizes = WorkloadSizes()
        let mixed = Workload.mixed(requests: 64)
        let requests = mixed.requests(sizes)
        #expect(requests.count == 64 && requests == mixed.requests(sizes))
        #expect(requests.allSatisfy { (16...256).contains($0.promptCount) && (16...128).contains($0.tokens) })
        #expect(Array(requests[..<3]) == Array(Workload.mixed(requests: 3).requests(sizes)))
        sizes.seed = 1
        #expect(mixed.requests(sizes) != requests)
    }

    @Test("draws tokens of the vocabulary, the special ones only where there are no others")
    func tokens() {
        var generator = WorkloadGenerator(seed: 7, stream: 1)
        let tokens = generator.tokens(2000, vocabularySize: 97)
        #expect(tokens.allSatisfy { (4..<97).contains($0.index) })
        #expect(Set(tokens).count == 93)
        #expect(generator.tokens(3, vocabularySize: 1) == [0, 0, 0])
    }

    @Test("about prefixes has prompts of its own, which begin alike")
    func prefixes() {
        let workload = Workload.prefix(requests: 3)
        let requests = workload.requests(WorkloadSizes())
        #expect(requests == Array(repeating: .init(promptCount: 1056, tokens: 16, sharedCount: 1024), count: 3))
        #expect(throws: CommandError.self) {
            try workload.check(Array(repeating: Array(repeating: 5, count: 1056), count: 3), WorkloadSizes())
        }
    }

    @Test("asks for blocks in which all its rows can run at once")
    func blocks() {
        let sizes = WorkloadSizes(prompt: 100, steps: 10)
        func blocks(_ workload: Workload, random: Bool = true) -> Int {
            workload.blocks(sizes, blockSize: 32, contextIsRandom: random)
        }
        #expect(blocks(.prefill(tokens: 64)) == 3)
        #expect(blocks(.prefill(tokens: 65)) == 4)
        // 100 + 10 steps, and a lead of 4 · ⌈200 / 512⌉ + 2 + 16 = 22.
        #expect(blocks(.decode(batch: 2)) == 2 * ((100 + 10 + 22 + 31) / 32 + 1))
        // Four windows of ten steps.
        #expect(blocks(.long(context: 1000, batch: 2)) == 2 * ((1000 + 40 + 22 + 31) / 32 + 1))
        #expect(blocks(.long(context: 1000, batch: 2), random: false) == 2 * ((1000 + 40 + 34 + 31) / 32 + 1))
    }
}

@Suite("A session of decoding rows")
struct DecodeSessionTests {
    @Test("is timed from the last row's first token on, in whole steps of all rows")
    func windows() throws {
        let session = DecodeSession(rows: 2, prompt: 5, windows: 2, WorkloadSizes(steps: 2))
        // The first row writes three tokens before the second one's prompt is done, at 4.
        let first = Timeline(begin: 0, tokens: [1, 2, 3, 4, 6, 8, 11, 14, 99])
        let second = Timeline(begin: 0, tokens: [4, 6, 8, 11, 15])
        let windows = session.windows([first, second])
        #expect(windows.map(\.begin) == [4, 8])
        #expect(windows.map(\.end) == [8, 15])
        // Rows hold 5 + 3 and 5 tokens when the first window begins, two more when the second does.
        #expect(windows.map(\.context) == [7.5, 9.5])
        #expect(windows[0].gaps == [2, 2, 2, 2])
        #expect(windows[1].gaps == [3, 3, 3, 4])
    }

    @Test("has no window that a row did not reach the end of")
    func unevenRows() {
        let session = DecodeSession(rows: 2, prompt: 5, windows: 1, WorkloadSizes(steps: 3))
        let windows = session.windows([Timeline(begin: 0, tokens: [1, 2, 3, 4]), Timeline(begin: 0, tokens: [3, 4])])
        #expect(windows.isEmpty)
    }
}
