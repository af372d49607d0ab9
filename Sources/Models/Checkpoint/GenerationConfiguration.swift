public import Foundation

/// What a `generation_config.json` says about sampling, as it says it; `nil` where it says nothing.
///
/// The publisher's settings, which a caller may go by or not.
public struct GenerationConfiguration: Sendable, Equatable {
    /// `do_sample`
    public var doSample: Bool?
    public var temperature: Double?
    /// `top_k`
    public var topK: Int?
    /// `top_p`
    public var topP: Double?
    /// `min_p`
    public var minP: Double?
    /// `repetition_penalty`
    public var repetitionPenalty: Double?
    /// `max_new_tokens`
    public var maxNewTokens: Int?
    /// `max_length`: prompt and completion together.
    public var maxLength: Int?
    /// `min_new_tokens`
    public var minNewTokens: Int?

    public init() {}

    /// Of a checkpoint's folder; empty where it has no such file.
    ///
    /// - Throws: `CheckpointError`, one sentence that names the file and the field.
    public init(directory: URL) throws {
        let path = directory.path + "/generation_config.json"
        guard entryExists(path) else { return }
        self = try GenerationConfiguration(JSONFile(path: path))
    }

    init(_ file: JSONFile) throws {
        doSample = try file.boolean("do_sample")
        temperature = try file.number("temperature")
        topK = try file.integer("top_k")
        topP = try file.number("top_p")
        minP = try file.number("min_p")
        repetitionPenalty = try file.number("repetition_penalty")
        maxNewTokens = try file.integer("max_new_tokens")
        maxLength = try file.integer("max_length")
        minNewTokens = try file.integer("min_new_tokens")
    }
}
