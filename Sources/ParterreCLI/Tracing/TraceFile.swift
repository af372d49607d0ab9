import BatchFiles
import Foundation
import Parterre
import Synchronization

/// Where a run's trace goes: a page, or the record alone. It appears whole or not at all.
final class TraceFile: Sendable {
    let path: String
    private let engine = Mutex<Engine?>(nil)

    /// - Throws: `CommandError.input` where the file cannot be written, before anything has run.
    init(_ path: String) throws {
        self.path = path
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandError.input("cannot write \(path): there is no folder \(folder)")
        }
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw CommandError.input("cannot write \(path): it is a folder")
        }
        // Any other name is more likely a file of prompts, which would be lost.
        guard Self.suffixes.contains(where: path.lowercased().hasSuffix) else {
            throw CommandError.input(
                "cannot write \(path.isEmpty ? "a trace without a name" : path): a trace's name ends in .html, or in .json for "
                    + "the record alone")
        }
        guard access(folder, W_OK) == 0 else {
            throw CommandError.input("cannot write \(path): \(FileError.systemMessage(errno))")
        }
    }

    private static let suffixes = [".html", ".htm", ".json"]

    private var isRecord: Bool { path.lowercased().hasSuffix(".json") }

    /// The engine whose run it is.
    func record(_ engine: Engine) { self.engine.withLock { $0 = engine } }

    /// Write the trace of what the engine has done, however its work ended.
    func around<Value>(_ reporter: Reporter, _ work: () async throws -> Value) async throws -> Value {
        let result: Result<Value, any Error>
        do { result = .success(try await work()) } catch { result = .failure(error) }
        if let engine = engine.withLock({ $0 }), let trace = await engine.trace() {
            do { try write(trace, reporter) } catch {
                // What ended the run is told before what became of its trace.
                if case .success = result { throw error }
                Console.shared.line("parterre: \(CommandError(duringRun: error).message)")
            }
        }
        return try result.get()
    }

    func write(_ trace: Trace, _ reporter: Reporter) throws {
        let model = trace.about.first { $0.name == "model" }?.value ?? ""
        let bytes = try isRecord ? TracePage.json(trace) : TracePage(trace, title: "Parterre \(model)").html()
        do {
            try bytes.write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandError.failed("cannot write \(path): \(error.localizedDescription)")
        }
        reporter.notice("trace of \(trace.steps.count) steps, \(Figures.bytes(bytes.count)): \(path)")
    }
}

extension Optional where Wrapped == TraceFile {
    /// Do the work; with a file, write its trace then.
    func around<Value>(_ reporter: Reporter, _ work: () async throws -> Value) async throws -> Value {
        guard let self else { return try await work() }
        return try await self.around(reporter, work)
    }
}
