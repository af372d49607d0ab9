package import BatchFiles
package import Forms
package import Logging
import Synchronization

/// Works on batches as long as the server runs: looks at new ones, answers them oldest first, publishes what came of them.
/// Whatever ends the process, the next one goes on after the last answered line.
package final class BatchRunner: Sendable {
    package struct Options: Sendable, Equatable {
        package var batchesAtOnce = 1
        /// Most lines that the engine has at a time, of each batch that is being answered.
        package var linesInFlight = 64
        /// Lowest `priority` of a line, so that requests of people who wait (0) go first. A line may ask for a higher
        /// one, never for a lower one.
        package var priority = 100
        /// Seconds until the next try where a disk failed or is full.
        package var retryAfter = 30

        package init() {}
    }

    let store: BatchStore
    let options: Options
    /// What is taken where a line says nothing.
    let defaults: RequestOptions
    let complete: @Sendable (BatchBody) async throws -> JSON
    let logger: Logger
    /// For reading and writing of whole files.
    let disk = DiskQueue("parterre.batch-work")
    private let draining = Atomic(false)

    /// - Parameter complete: answers one request as its endpoint does; throws a `RequestRefusal` or another error whose
    ///   message is for the client. It must end soon when its task is cancelled.
    package init(
        _ store: BatchStore, options: Options = Options(), defaults: RequestOptions = RequestOptions(), logger: Logger,
        complete: @escaping @Sendable (BatchBody) async throws -> JSON
    ) {
        self.store = store
        self.options = options
        self.defaults = defaults
        self.complete = complete
        self.logger = logger
    }

    /// Work until `drain()` or until the task is cancelled. After the former, lines that had been begun are finished; after
    /// the latter they are given up, and the next run answers them.
    package func run() async {
        async let _: Void = watchClock()
        await withTaskGroup { group in
            for _ in 0..<max(1, options.batchesAtOnce) {
                group.addTask { await self.serve({ $0 == .inProgress }, self.answer) }
            }
            group.addTask { await self.serve(\.isQuick, self.attend) }
        }
    }

    /// Take no more lines.
    package func drain() {
        draining.store(true, ordering: .relaxed)
        store.ring()
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Work on batches in some states as they come.
    ///
    /// - Parameter work: gives the seconds for which nobody shall try again, where something went wrong.
    private func serve(
        _ isWanted: @Sendable (BatchState) -> Bool, _ work: @Sendable (Batch) async -> Int?
    ) async {
        var rings = store.bell().makeAsyncIterator()
        while !isDraining && !Task.isCancelled {
            if let batch = store.claim(where: isWanted) {
                store.unclaim(batch.id, pause: await work(batch))
            } else {
                _ = await rings.next()
            }
        }
    }

    private func watchClock() async {
        while (try? await store.time.tick()) != nil {
            store.endPauses()
            for id in store.overdue() { await apply(.expired, to: id) }
            try? await store.files.deleteExpired()
        }
    }

    /// Note what happened. A disk that fails is told and leaves the batch where it was.
    @discardableResult
    func apply(_ event: BatchEvent, to id: BatchID) async -> Bool {
        do {
            guard let batch = try await store.apply(event, to: id) else { return false }
            logger.info(
                "batch \(batch.state.status.rawValue)",
                metadata: ["batch": "\(id.rawValue)", "counts": "\(batch.counts.json.line)"])
            return true
        } catch {
            tell(error, id)
            return false
        }
    }

    func tell(_ error: any Error, _ id: BatchID) {
        logger.warning(
            "a batch has to wait", metadata: ["batch": "\(id.rawValue)", "reason": "\(FieldError(error).message)"])
    }
}

extension BatchState {
    /// Nothing is to be answered, only files to be looked at.
    fileprivate var isQuick: Bool {
        switch self {
        case .validating, .finalizing: true
        case .inProgress, .ended, .failed: false
        }
    }
}
