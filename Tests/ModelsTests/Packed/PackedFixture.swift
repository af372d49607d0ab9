import Foundation
import TestSupport

@testable import Kernels
@testable import Models

/// A folder with a packed model of random weights.
struct PackedFixture {
    static let shape = BloomConfiguration(vocabularySize: 150, hiddenSize: 40, layerCount: 2, headCount: 5)

    let directory: TemporaryDirectory
    let source: RandomWeights

    init(
        _ format: WeightFormat = .int8, head: WeightFormat? = nil, tied: Bool = true, threads: Int = 2, nodes: Int = 1
    ) throws {
        directory = try TemporaryDirectory()
        var shape = Self.shape
        shape.tiedHead = tied
        source = RandomWeights(shape, seed: 5)
        try writeConfig()
        try Self.withCrew(threads, nodes: nodes) { crew, kernels in
            _ = try PackedModelWriter(source, format: format, headFormat: head, crew: crew, kernels: kernels)
                .write(to: directory.url)
        }
    }

    /// The file always says that the head is tied, as older checkpoints do.
    func writeConfig(hidden: Int = shape.hiddenSize) throws {
        let config: [String: Any] = [
            "model_type": "bloom", "hidden_size": hidden, "n_layer": Self.shape.layerCount,
            "n_head": Self.shape.headCount, "vocab_size": Self.shape.vocabularySize,
        ]
        try JSONSerialization.data(withJSONObject: config).write(to: directory.url.appending(path: "config.json"))
    }

    func open() throws -> PackedModel { try PackedModel(directory: directory.url) }

    var path: String { directory.path(PackedModel.fileName) }

    func bytes() throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    func write(_ bytes: [UInt8]) throws { try directory.write(bytes, PackedModel.fileName) }

    /// The message of the error that opening, or else verifying, throws.
    func complaint() throws -> String {
        do {
            let model = try open()
            try Self.withCrew(2) { crew, _ in try model.verify(crew: crew) }
            return "no complaint"
        } catch let error as CheckpointError {
            return error.message
        }
    }

    /// Lanes on nodes that the machine does not have: their parts lie apart all the same.
    static func withCrew<T>(
        _ threads: Int, nodes: Int = 1, _ body: (WorkerLanes, KernelSet) throws -> T
    ) throws -> T {
        var machine = Machine.detect()
        if nodes > 1 {
            let cpus = machine.nodes.flatMap(\.cpus)
            machine = Machine(
                nodes: (0..<nodes).map { Machine.Node(id: $0, cpus: cpus, memoryBytes: 1 << 30, freeBytes: 1 << 30) },
                canPlace: false)
        }
        let crew = try WorkerLanes(threads: threads, machine: machine)
        defer { crew.stop() }
        return try body(crew, try KernelSet.select())
    }
}

extension BloomWeights {
    /// The bytes of every matrix, panel after panel, and of every vector, in the order of the forward pass.
    func bytesOfTensors() -> [[UInt8]] {
        func matrix(_ parts: [NodePanels]) -> [UInt8] { parts.flatMap { Array($0.bytes) } }
        func vector(_ start: UnsafePointer<Float>, _ count: Int) -> [UInt8] {
            Array(UnsafeRawBufferPointer(start: start, count: count * 4))
        }
        let hidden = configuration.hiddenSize
        func norm(_ norm: Norm) -> [[UInt8]] { [vector(norm.gamma, hidden), vector(norm.beta, hidden)] }
        func linear(_ number: Int, _ part: (Layer<NodePanels>) -> Linear<NodePanels>) -> [[UInt8]] {
            let parts = nodes.map { part($0.layers[number]) }
            return [matrix(parts.map(\.weights)), vector(parts[0].bias, parts[0].weights.columns)]
        }
        var tensors = [matrix(nodes.indices.map { embedding.onNode($0) })] + norm(embeddingNorm)
        for (number, layer) in nodes[0].layers.enumerated() {
            tensors += norm(layer.inputNorm) + linear(number, \.queryKeyValue) + linear(number, \.dense)
            tensors += norm(layer.postAttentionNorm) + linear(number, \.up) + linear(number, \.down)
        }
        return tensors + norm(finalNorm) + [matrix(nodes.map(\.head))]
    }
}
