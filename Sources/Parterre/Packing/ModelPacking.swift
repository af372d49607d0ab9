public import Basics
public import Foundation
import Kernels
import Models

/// Packs a checkpoint's weights once and writes them to a folder, which loads without packing and holds all that an engine
/// needs.
public struct ModelPacking: Sendable {
    public var weights: EngineOptions.Weights = .auto
    /// Replace a packed model that the folder holds already.
    public var replacesOutput = false
    /// As of `EngineOptions`.
    public var threads: Int?
    public var instructionSet: String?

    public init() {}

    /// What was written.
    public struct Outcome: Sendable, Equatable {
        /// The packed file.
        public var file: URL
        /// `f32`, `bf16`, `int8` or `int4`.
        public var weights: String
        public var byteCount: Int
    }

    /// Pack `model` into the folder, which is made where there is none. The same checkpoint gives the same bytes on any machine.
    ///
    /// - Parameter progress: told the share of the file that is written, 0…1; what it throws ends the work.
    /// - Throws: a `UserFacingError`; the folder is then as it was.
    public func write(
        _ model: ModelSource, to folder: URL, progress: (@Sendable (Double) throws -> Void)? = nil
    ) async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "parterre.pack", qos: .userInitiated).async {
                continuation.resume(with: Result { try pack(model, to: folder, progress: progress) })
            }
        }
    }

    private func pack(
        _ model: ModelSource, to folder: URL, progress: (@Sendable (Double) throws -> Void)?
    ) throws -> Outcome {
        let kernels = try KernelSet.select(named: instructionSet)
        let directory = try model.directory()
        guard !PackedModel.isPacked(directory) else { throw PackingError.alreadyPacked(directory.path) }
        let checkpoint = try Checkpoint(directory: directory)
        try checkpoint.validate()
        guard
            directory.resolvingSymlinksInPath().standardizedFileURL
                != folder.resolvingSymlinksInPath().standardizedFileURL
        else { throw PackingError.ownFolder(folder.path) }
        let output = try PackingFolder(folder, replaces: replacesOutput)
        do {
            let crew = try WorkerLanes(threads: threads)
            defer { crew.stop() }
            let formats = weights.formats(for: checkpoint)
            output.removeLeftovers()
            let bytes = try PackedModelWriter(
                checkpoint, format: formats.layers, headFormat: formats.head, crew: crew, kernels: kernels
            ).write(to: folder, progress: progress) {
                // Before the file has its name: without it the folder is no model yet.
                try output.copyCompanions(from: directory)
            }
            return Outcome(
                file: folder.appending(path: PackedModel.fileName), weights: formats.layers.rawValue, byteCount: bytes)
        } catch {
            output.undo()
            throw error
        }
    }
}

/// Why a packed model cannot be written.
public enum PackingError: UserFacingError, Equatable {
    case alreadyPacked(String)
    case ownFolder(String)
    case notADirectory(String)
    case outputExists(String, isPacked: Bool)
    case unwritable(String, reason: String)

    public var message: String {
        switch self {
        case .alreadyPacked(let path):
            "\(path) holds a packed model already: give the checkpoint that it was made of"
        case .ownFolder(let path):
            "--output: \(path) is the checkpoint's own folder: give another one"
        case .notADirectory(let path):
            "--output: \(path) is not a directory"
        case .outputExists(let path, let isPacked):
            isPacked
                ? "--output: \(path) holds a packed model already: give another folder, or --force to replace it"
                : "--output: \(path) is not empty: give a folder that is, or one that is not there yet"
        case .unwritable(let path, let reason):
            "\(path): cannot be written: \(reason)"
        }
    }
}
