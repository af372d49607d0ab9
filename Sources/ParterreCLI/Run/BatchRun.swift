import Parterre

/// Answers requests one line each: keeps a bounded number in flight and writes each answer as it ends.
struct BatchRun<Source: RequestSource> {
    typealias Generate = @Sendable (GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error>

    var source: Source
    var answering: Answering
    var finished: FinishedWork
    var tally: Tally
    /// Most lines in flight.
    var limit: Int
    var shouldStop: @Sendable () -> Bool

    /// Answer every line; the counts are in `tally`.
    mutating func run() async throws {
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
