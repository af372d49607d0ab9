import Basics
import Testing

@testable import Scheduler

/// What lies between the engine and a request's reader.
@Suite(.timeLimit(.minutes(5))) struct EventDeliveryTests {
    private func token(_ id: Int, _ text: String = "", sample: Int = 0, logprob: Float? = nil) -> GeneratedToken {
        let id = TokenID(id)
        return GeneratedToken(
            sample: sample, id: id, text: text,
            logprob: logprob.map {
                TokenLogprob(id: id, logprob: $0, top: [TokenLogprob.Alternative(id: id, logprob: $0)])
            })
    }

    private func completion(_ sample: Int) -> Completion {
        Completion(
            sample: sample, text: "", tokenIDs: [], finishReason: .length, promptTokens: 1, logprobs: nil)
    }

    private func read(_ stream: AsyncThrowingStream<GenerationEvent, any Error>) async throws -> [GenerationEvent] {
        var events: [GenerationEvent] = []
        for try await event in stream { events.append(event) }
        return events
    }

    @Test("a late reader finds every token with its own text and log-probability, in order")
    func late() async throws {
        let delivery = EventDelivery(capacity: 1000)
        let stream = delivery.stream()
        #expect(delivery.begin {})
        let tokens = (0..<600).map { token($0, ["", "a", "für", "🌷", " end"][$0 % 5], logprob: -Float($0)) }
        var expected: [GenerationEvent] = [.started(promptTokens: 3), .promptLogprobs([nil, nil, nil])]
        expected += tokens.map { .token($0) } + [.finished(completion(0))]
        for event in expected { #expect(delivery.yield(event)) }
        delivery.finish()
        #expect(try await read(stream) == expected)
    }

    @Test("a reader that keeps up finds the same", arguments: [1, 3, 50])
    func inTime(_ pause: Int) async throws {
        let delivery = EventDelivery(capacity: 1000)
        let stream = delivery.stream()
        let reader = Task { try await read(stream) }
        let tokens = (0..<600).map { token($0, "t\($0)") }
        for (index, token) in tokens.enumerated() {
            delivery.yield(.token(token))
            if index % pause == 0 { await Task.yield() }
        }
        delivery.yield(.finished(completion(0)))
        delivery.finish()
        #expect(try await reader.value == tokens.map { .token($0) } + [.finished(completion(0))])
    }

    @Test(
        "events of several samples come in the order in which they happened, however they are read",
        arguments: [1, 7, 1000])
    func samples(_ burst: Int) async throws {
        let delivery = EventDelivery(capacity: 1000)
        var iterator = delivery.stream().makeAsyncIterator()
        var happened: [GenerationEvent] = [.started(promptTokens: 1)]
        for id in 0..<90 {
            if id % 3 < 2 || id < 60 { happened.append(.token(token(id, "t\(id)", sample: id % 3))) }
            if id == 60 { happened.append(.finished(completion(2))) }
        }
        happened += [.finished(completion(0)), .finished(completion(1))]
        var read: [GenerationEvent] = []
        for (index, event) in happened.enumerated() {
            delivery.yield(event)
            guard (index + 1) % burst == 0 else { continue }
            for _ in 0..<burst { read.append(try #require(await iterator.next())) }
        }
        delivery.finish()
        while let event = try await iterator.next() { read.append(event) }
        #expect(read == happened)
    }

    @Test("more tokens than may wait are reported, and again none once they are read")
    func capacity() async throws {
        let delivery = EventDelivery(capacity: 4)
        let stream = delivery.stream()
        for id in 0..<4 { #expect(delivery.yield(.token(token(id, sample: id % 2)))) }
        #expect(!delivery.yield(.token(token(4))))
        var iterator = stream.makeAsyncIterator()
        for _ in 0..<3 { _ = try await iterator.next() }
        #expect(delivery.yield(.token(token(5))))
    }

    @Test("an error comes behind what waits, once")
    func failure() async throws {
        let delivery = EventDelivery(capacity: 10)
        let stream = delivery.stream()
        delivery.yield(.token(token(1)))
        delivery.finish(throwing: RequestError.engineStopped)
        delivery.yield(.token(token(2)))
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next() == .token(token(1)))
        await #expect(throws: RequestError.engineStopped) { _ = try await iterator.next() }
        #expect(try await iterator.next() == nil)
    }

    @Test("a waiting reader hears of the end at once", arguments: [false, true])
    func waiting(_ fails: Bool) async throws {
        let delivery = EventDelivery(capacity: 10)
        let stream = delivery.stream()
        let reader = Task { try await read(stream) }
        await Task.yield()
        delivery.finish(throwing: fails ? RequestError.engineStopped : nil)
        if fails {
            await #expect(throws: RequestError.engineStopped) { _ = try await reader.value }
        } else {
            #expect(try await reader.value == [])
        }
    }

    @Test("who drops the stream or is cancelled has left, and is heard of once")
    func leaving() async throws {
        let (left, signal) = AsyncStream.makeStream(of: Int.self)
        let dropped = EventDelivery(capacity: 10)
        do {
            let stream = dropped.stream()
            #expect(dropped.begin { signal.yield(1) })
            _ = stream
        }
        let cancelled = EventDelivery(capacity: 10)
        #expect(cancelled.begin { signal.yield(2) })
        let stream = cancelled.stream()
        let reader = Task { try await read(stream) }
        reader.cancel()
        #expect(try await reader.value == [], "a cancelled reader sees an end, no error")
        var heard = left.makeAsyncIterator()
        #expect(await heard.next() == 1)
        #expect(await heard.next() == 2)
        // Nothing becomes of what comes now, and no second word.
        dropped.yield(.token(token(1)))
        dropped.finish()
        #expect(!dropped.begin { signal.yield(3) })
        signal.finish()
        #expect(await heard.next() == nil)
    }
}
