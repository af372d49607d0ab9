import Parterre

/// Answers requests one line each: keeps a bounded number in flight and writes each answer as it ends.
package struct BatchRun<Source: RequestSource> {
    package var source: Source
    package var answering: Answering
    package var finished: FinishedWork
    package var tally: Tally
    /// Most lines in flight.
    package var limit: Int
    package var shouldStop: @Sendable () -> Bool

    package init(
        source: Source, answering: Answering, finished: FinishedWork, tally: Tally, limit: Int,
        shouldStop: @escaping @Sendable () -> Bool
    ) {
        self.source = source
        self.answering = answering
        self.finished = finished
        self.tally = tally
        self.limit = limit
        self.shouldStop = shouldStop
    }

    /// Answer every line; the counts are in `tally`.
    package mutating func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var inFlight = 0
            while !shouldStop() {
                if inFlight >= limit {
                    try await group.next()
                    inFlight -= 1
                    continue
                }
                guard let line = try await source.next() else { break }
                if finished.covers(line) {
                    tally.skipped()
                    continue
                }
                switch line {
                case .failure(let bad):
                    try await answering.refuse(bad)
                    tally.failed(line: bad.number, bad.error)
                case .success(let request):
                    group.addTask { [answering, tally, there = finished.samples(of: request.id)] in
                        if let error = try await answering.answer(request, except: there) {
                            tally.failed(line: request.number, error)
                        } else {
                            tally.answered()
                        }
                    }
                    inFlight += 1
                }
            }
            try await group.waitForAll()
        }
    }
}
