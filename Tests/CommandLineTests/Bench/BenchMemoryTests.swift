import Parterre
import Testing

@testable import ParterreCLI

@Suite("The memory of a bench")
struct BenchMemoryTests {
    // 2 layers, 4 heads of 16: a cached token takes 2 · 4 · 32 numbers in bf16.
    private static let model = RandomModel(
        name: "tiny",
        configuration: BloomConfiguration(vocabularySize: 64, hiddenSize: 64, layerCount: 2, headCount: 4))
    private static let blockBytes = 32 * 2 * 4 * 32 * 2

    private func bench(_ workloads: [Workload], mayLeaveOut: Bool = true) -> Bench {
        Bench(
            source: .random(Self.model), options: EngineOptions(), workloads: workloads, mayLeaveOut: mayLeaveOut,
            sizes: WorkloadSizes(), contextIsRandom: true, reporter: Reporter(quiet: true, verbose: false))
    }

    @Test("is what the largest workload fills")
    func largest() throws {
        let (workloads, options) = try bench([.prefill(tokens: 64), .prefill(tokens: 640)]).fit(
            availableBytes: 1 << 30)
        #expect(workloads == [.prefill(tokens: 64), .prefill(tokens: 640)])
        #expect(options.cacheMemory == .bytes(21 * Self.blockBytes))
        #expect(options.maxBatch == 64)
    }

    @Test("has room for as many rows as decode together")
    func rows() throws {
        let (_, options) = try bench([.decode(batch: 100), .mixed(requests: 200)]).fit(availableBytes: 1 << 40)
        #expect(options.maxBatch == 100)
    }

    @Test("leaves out what it has no room for, unless that was asked for by name")
    func tooLarge() throws {
        let weights = try #require(Self.model.configuration.packedBytesByFormat["bf16"])
        let available = weights + 10 * Self.blockBytes
        let workloads = [Workload.prefill(tokens: 64), .long(context: 4096, batch: 8)]
        let (fitting, options) = try bench(workloads).fit(availableBytes: available)
        #expect(fitting == [.prefill(tokens: 64)] && options.cacheMemory == .bytes(3 * Self.blockBytes))
        #expect(throws: CommandError.self) {
            _ = try bench(workloads, mayLeaveOut: false).fit(availableBytes: available)
        }
    }

    @Test("is what the options say, where they say something")
    func options() throws {
        var bench = bench([.long(context: 4096, batch: 8)])
        bench.options.cacheMemory = .bytes(5 << 20)
        let (workloads, options) = try bench.fit(availableBytes: 1 << 20)
        #expect(workloads.count == 1 && options.cacheMemory == .bytes(5 << 20))
    }
}

@Suite("Figures for people")
struct BenchWordsTests {
    @Test(
        "durations have the unit that suits them",
        arguments: [
            (0.35e-6, "0.35 µs"), (12.34e-6, "12.3 µs"), (0.9996e-3, "1.00 ms"), (0.0123, "12.3 ms"),
            (0.4266, "427 ms"),
            (1.2, "1.20 s"), (200, "200 s"), (0, "0.00 µs"),
        ])
    func durations(seconds: Double, text: String) { #expect(Figures.duration(seconds) == text) }

    @Test("billions keep three digits", arguments: [(0.42e9, "0.42"), (31.04e9, "31.0"), (1150e9, "1150")])
    func billions(value: Double, text: String) { #expect(Figures.billions(value) == text) }

    @Test("a grid is aligned Markdown")
    func grid() {
        var grid = Grid(["workload", "tokens/s"])
        grid.row(["a", "1.0"])
        grid.row(["prefill512", "–"])
        #expect(
            grid.text == """
                | workload   | tokens/s |
                | ---------- | -------: |
                | a          |      1.0 |
                | prefill512 |        – |

                """)
    }
}
