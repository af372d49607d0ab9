import ArgumentParser
import Foundation
import Parterre

@main
struct Throughput: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tokens per second of a random model of a published shape, beside what the machine allows.",
        discussion: "Limits are measured in the same run. Other programs on the machine spoil both.")

    @Option(help: "Shape: \(RandomModel.Shape.allCases.map(\.rawValue).joined(separator: ", ")).")
    var shape = "bloom-560m"
    @Option(help: "Weight format: f32 or bf16.") var weights = "f32"
    @Option(help: "Worker lanes (default: one per core).") var threads: Int?
    @Option(help: "Runs of each workload; medians are printed.") var runs = 3

    func run() async throws {
        guard let shape = RandomModel.Shape(rawValue: shape) else {
            throw ValidationError("--shape: no shape \"\(shape)\"")
        }
        guard let weights = EngineOptions.Weights(rawValue: weights), weights != .auto else {
            throw ValidationError("--weights: use f32 or bf16")
        }
        let model = RandomModel(shape: shape, isBF16: weights == .bf16)
        let folder = FileManager.default.temporaryDirectory.appending(path: "parterre-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try model.write(to: folder)

        let limits = Limits.measure(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        var options = EngineOptions()
        options.weights = weights
        options.threads = threads
        options.cacheMemory = .bytes(2 << 30)
        let loading = ContinuousClock.now
        let engine = try await Engine.load(.directory(folder), options: options)
        let loadSeconds = (ContinuousClock.now - loading).seconds
        let topology = try MachineTopology.current()

        print("\(shape.rawValue), \(weights.rawValue), \(topology.chosenInstructionSet)")
        print(
            String(
                format: "limits of this run: read %.1f GB/s, f32 %.0f GFLOP/s, bf16 %.0f GFLOP/s; load %.2f s",
                limits.bandwidth / 1e9, limits.f32 / 1e9, limits.bf16 / 1e9, loadSeconds))
        print("| workload | tokens/s (median) | bound | share | runs |")
        print("| --- | --- | --- | --- | --- |")
        let peak = weights == .bf16 ? limits.bf16 : limits.f32
        let bytes =
            (model.layerParameters + model.headParameters)
            * (weights == .int4 ? 0.5625 : weights == .int8 ? 1 : weights == .bf16 ? 2 : 4)
        try await report("prefill 512", bound: 512 / (2 * 512 * model.layerParameters / peak)) {
            try await Workload.prefill(engine, tokens: 512)
        }
        for batch in [1, 8, 32] {
            let seconds = max(
                bytes / limits.bandwidth, 2 * Double(batch) * (model.layerParameters + model.headParameters) / peak)
            try await report("decode, batch \(batch)", bound: Double(batch) / seconds) {
                try await Workload.decode(engine, batch: batch, prompt: 128, steps: 32 + batch / 2)
            }
        }
        await engine.shutdown()
    }

    private func report(_ name: String, bound: Double, _ measure: () async throws -> Double) async throws {
        var rates: [Double] = []
        for _ in 0..<max(1, runs) { rates.append(try await measure()) }
        let median = rates.sorted()[rates.count / 2]
        let all = rates.map { String(format: "%.1f", $0) }.joined(separator: ", ")
        print(String(format: "| %@ | %.1f | %.1f | %.0f %% | %@ |", name, median, bound, 100 * median / bound, all))
    }
}
