import Foundation
import Synchronization
import TestSupport

/// The built `parterre`, run as a process of its own.
struct Program {
    struct Outcome {
        /// The exit code; a signal that ended the process is its negative number.
        var code: Int32
        var output: String
        var errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// A process that is still running.
    final class Running: Sendable {
        private let process: Process
        private let folder: TemporaryDirectory
        private let ended = AsyncStream<Void>.makeStream()

        fileprivate init(_ process: Process, folder: TemporaryDirectory, feed: FileHandle?) throws {
            self.feed = feed
            self.process = process
            self.folder = folder
            let feed = ended.continuation
            process.terminationHandler = { _ in feed.finish() }
            try process.run()
        }

        /// Stands for what writes into the program's standard input.
        let feed: FileHandle?

        func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

        func outcome() async throws -> Outcome {
            for await _ in ended.stream {}
            let code = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
            func text(_ name: String) throws -> String {
                String(decoding: try Data(contentsOf: folder.url.appending(path: name)), as: UTF8.self)
            }
            return Outcome(code: code, output: try text("stdout"), errors: try text("stderr"))
        }
    }

    /// Where the build put it: beside the test bundle.
    static var url: URL {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
        return (bundle?.deletingLastPathComponent() ?? Bundle.main.bundleURL).appending(path: "parterre")
    }

    /// - Parameters:
    ///   - blocks: files may not grow beyond that many blocks (`ulimit -f`).
    ///   - input: all of standard input; without it, `Running.feed` writes it bit by bit.
    static func start(
        _ arguments: [String], input: String? = "", output: FileHandle? = nil, blocks: Int? = nil
    ) throws -> Running {
        let folder = try TemporaryDirectory()
        func file(_ name: String, _ content: String = "") throws -> URL {
            let url = folder.url.appending(path: name)
            try Data(content.utf8).write(to: url)
            return url
        }
        let process = Process()
        if let blocks {
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", "ulimit -f \(blocks); exec \"$0\" \"$@\"", url.path] + arguments
        } else {
            process.executableURL = url
            process.arguments = arguments
        }
        let pipe = input == nil ? Pipe() : nil
        process.standardInput = try pipe ?? FileHandle(forReadingFrom: file("stdin", input ?? ""))
        process.standardOutput = try output ?? FileHandle(forWritingTo: file("stdout"))
        if output != nil { _ = try file("stdout") }
        process.standardError = try FileHandle(forWritingTo: file("stderr"))
        return try Running(process, folder: folder, feed: pipe?.fileHandleForWriting)
    }

    static func run(_ arguments: [String], input: String = "") async throws -> Outcome {
        try await start(arguments, input: input).outcome()
    }
}
