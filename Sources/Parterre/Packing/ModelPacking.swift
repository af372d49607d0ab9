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

    /// Files of a checkpoint that go along; all but the first may be missing.
    static let companions = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    ]

    /// Pack `model` into the folder, which is made where there is none. The same checkpoint gives the same bytes on any machine.
    ///
    /// - Throws: a `UserFacingError`; a packed model is then whole or not there.
    public func write(
        _ model: ModelSource, to folder: URL, progress: (@Sendable (Double) -> Void)? = nil
    ) async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "parterre.pack", qos: .userInitiated).async {
                continuation.resume(with: Result { try pack(model, to: folder, progress: progress) })
            }
        }
    }

    private func pack(_ model: ModelSource, to folder: URL, progress: (@Sendable (Double) -> Void)?) throws -> Outcome {
        let kernels = try KernelSet.select(named: instructionSet)
        let directory = try model.directory()
        guard !PackedModel.isPacked(directory) else { throw PackingError.alreadyPacked(directory.path) }
        let checkpoint = try Checkpoint(directory: directory)
        try checkpoint.validate()
        guard
            directory.resolvingSymlinksInPath().standardizedFileURL
                != folder.resolvingSymlinksInPath().standardizedFileURL
        else { throw PackingError.ownFolder(folder.path) }
        let isNew = try prepare(folder)
        do {
            let crew = try WorkerLanes(threads: threads)
            defer { crew.stop() }
            let formats = weights.formats(for: checkpoint)
            // The small files first: without the packed one the folder is no model yet.
            try copyCompanions(from: directory, to: folder)
            let bytes = try PackedModelWriter(
                checkpoint, format: formats.layers, headFormat: formats.head, crew: crew, kernels: kernels
            ).write(to: folder, progress: progress)
            return Outcome(
                file: folder.appending(path: PackedModel.fileName), weights: formats.layers.rawValue, byteCount: bytes)
        } catch {
            if isNew { try? FileManager.default.removeItem(at: folder) }
            throw error
        }
    }

    /// - Returns: whether the folder was made.
    private func prepare(_ folder: URL) throws -> Bool {
        let files = FileManager.default
        var isDirectory: ObjCBool = false
        guard files.fileExists(atPath: folder.path, isDirectory: &isDirectory) else {
            do {
                try files.createDirectory(at: folder, withIntermediateDirectories: true)
            } catch {
                throw PackingError.unwritable(folder.path, reason: Self.reason(error))
            }
            return true
        }
        guard isDirectory.boolValue else { throw PackingError.notADirectory(folder.path) }
        let isEmpty: Bool
        do {
            isEmpty = try files.contentsOfDirectory(atPath: folder.path).isEmpty
        } catch {
            throw PackingError.unwritable(folder.path, reason: Self.reason(error))
        }
        guard isEmpty || replacesOutput && PackedModel.isPacked(folder) else {
            throw PackingError.outputExists(folder.path, isPacked: PackedModel.isPacked(folder))
        }
        return false
    }

    private func copyCompanions(from directory: URL, to folder: URL) throws {
        for name in Self.companions {
            let (source, target) = (directory.appending(path: name), folder.appending(path: name))
            do {
                guard FileManager.default.fileExists(atPath: source.path) else {
                    // Not one that an earlier model left behind.
                    if FileManager.default.fileExists(atPath: target.path) {
                        try FileManager.default.removeItem(at: target)
                    }
                    continue
                }
                try Data(contentsOf: source).write(to: target, options: .atomic)
            } catch {
                throw PackingError.unwritable(target.path, reason: Self.reason(error))
            }
        }
    }

    /// Foundation's errors tell little but for the system's own behind them.
    private static func reason(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        return cause.domain == NSPOSIXErrorDomain
            ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
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
