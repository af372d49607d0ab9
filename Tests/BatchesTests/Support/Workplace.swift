import BatchFiles
import Forms
import Foundation
import Logging
import Synchronization
import TestSupport

@testable import Batches

/// A folder with a store of files and batches in it, and a clock that goes when it is told to.
final class Workplace: Sendable {
    let folder: TemporaryDirectory
    let clock = Mutex(1_000)
    let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    var path: String { folder.url.appending(path: "store").path }

    init() throws { folder = try TemporaryDirectory() }

    var time: TimeSource {
        TimeSource(
            now: { self.clock.withLock { $0 } },
            tick: {
                // Real time, so that a test need not know who listens; what it is, is told by `clock` alone.
                try await Task.sleep(for: .milliseconds(2))
            })
    }

    /// Let others do something while a test waits for it.
    func moment() async throws { try await Task.sleep(for: .milliseconds(1)) }

    func pass(seconds: Int) { clock.withLock { $0 += seconds } }

    /// What a server opens at its start. Let the last one go before: it owns the folder.
    func open(_ limits: StorageLimits = StorageLimits()) throws -> BatchStore {
        let files = try FileStore(StoreFolder(path), limits: limits, time: time, logger: logger)
        return try BatchStore(files: files, logger: logger)
    }
}

extension FileStore {
    func add(_ text: String, name: String = "in.jsonl", purpose: StoredFile.Purpose = .batch) async throws -> StoredFile
    {
        let upload = try await upload()
        try await upload.write(Array(text.utf8))
        return try await upload.finish(name: name, purpose: purpose)
    }

    func text(_ id: FileID) async throws -> String {
        let content = try await content(id)
        var bytes: [UInt8] = []
        while case let chunk = try await content.chunk(), !chunk.isEmpty { bytes += chunk }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension BatchStore {
    /// Wait until a batch is in a state that is asked for; the test's time limit ends a wait in vain.
    func wait(_ id: BatchID, until isWanted: @escaping @Sendable (BatchState) -> Bool) async throws -> Batch {
        for await state in states(of: id) where isWanted(state) { break }
        return try batch(id)
    }
}
