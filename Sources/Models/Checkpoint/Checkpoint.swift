import CKernels
public import Foundation

/// A Hugging Face checkpoint directory, opened: configuration read, every safetensors header checked, files mapped.
public struct Checkpoint: Sendable {
    public let directory: URL
    public let configuration: BloomConfiguration
    /// Sampling settings of `generation_config.json`, empty when the checkpoint has none.
    public let generation: GenerationConfiguration

    private let table: TensorTable

    /// - Throws: `CheckpointError`, one sentence that names the file and the tensor.
    public init(directory: URL) throws {
        let path = directory.path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw CheckpointError.noDirectory(path)
        }
        guard isDirectory.boolValue else { throw CheckpointError.notADirectory(path) }
        guard access(path, R_OK | X_OK) == 0 else {
            throw CheckpointError.unreadable(file: path, reason: systemReason())
        }

        var (configuration, generation) = try Self.configurations(in: path)
        table = try TensorTable(CheckpointFiles(directory: path))
        if configuration.tiedHead, try Self.holdsOtherHead(table) { configuration.tiedHead = false }
        self.directory = directory
        self.configuration = configuration
        self.generation = generation
    }

    /// Every tensor of the files that the kernels can read (F32, F16, BF16), in name order, under the name that the file
    /// gives it.
    public var tensors: [TensorView] { table.all }

    /// What every tensor of the files is, also one that the kernels cannot read, in name order.
    public var listing: [TensorListing] { table.listing }

    /// The tensor of that name (as `BloomForCausalLM` names it without `transformer.`, e.g. `h.0.input_layernorm.weight`),
    /// found with and without the `transformer.` prefix, of exactly that shape.
    ///
    /// - Throws: `CheckpointError` when it is missing, twice there, of another shape, or neither F32, F16 nor BF16.
    public func tensor(_ name: String, shape: [Int]) throws -> TensorView { try table.tensor(name, shape: shape) }

    /// Check that every tensor that `configuration` asks for is there with its shape, before anything is packed.
    public func validate() throws {
        try configuration.forEachTensor { name, shape in _ = try tensor(name, shape: shape) }
    }

    static func configurations(in path: String) throws -> (BloomConfiguration, GenerationConfiguration) {
        let configPath = "\(path)/config.json"
        guard entryExists(configPath) else {
            throw CheckpointError.missingFile(configPath, hint: "a checkpoint needs its configuration: fetch it")
        }
        var configuration = try BloomConfiguration(path: configPath)

        let generationPath = "\(path)/generation_config.json"
        guard entryExists(generationPath) else { return (configuration, GenerationConfiguration()) }
        let file = try JSONFile(path: generationPath)
        try configuration.readTokens(file)
        return (configuration, try GenerationConfiguration(file))
    }

    /// Whether there is a `lm_head.weight` that differs from the word embedding. A copy of it is common (older files hold
    /// both names of the one matrix) and changes nothing.
    private static func holdsOtherHead(_ table: TensorTable) throws -> Bool {
        guard let head = try table.find("lm_head.weight"), let embedding = try table.find("word_embeddings.weight")
        else {
            return false
        }
        defer {
            head.discard()
            embedding.discard()
        }
        guard head.type == embedding.type, head.shape == embedding.shape else { return true }
        guard let a = head.bytes.baseAddress, let b = embedding.bytes.baseAddress else { return false }
        return memcmp(a, b, head.bytes.count) != 0
    }
}
