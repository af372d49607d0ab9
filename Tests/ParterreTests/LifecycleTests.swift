import Basics
import Logging
import Parterre
import ServiceLifecycle
import Testing

/// How an engine comes to its end.
@Suite(.timeLimit(.minutes(10))) struct LifecycleTests {
    private static func engine(grace: Duration? = nil) async throws -> Engine {
        var options = EngineTests.options
        options.cacheMemory = .bytes(64 << 20)
        options.gracePeriod = grace
        let shape = BloomConfiguration(vocabularySize: 300, hiddenSize: 48, layerCount: 2, headCount: 6)
        return try await Engine.load(
            .random(RandomModel(name: "tiny", configuration: shape, seed: 5)), options: options)
    }

    /// A text that takes long, however long this task has to wait for a turn: it is never written to its end.
    private static let endless = EngineTests.request([5, 6, 7], tokens: 60_000)

    /// A request that has begun: its first token is there.
    private static func begin(_ request: GenerationRequest, _ engine: Engine) async throws -> Task<
        Completion?, any Error
    > {
        let (begun, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            // Also where it never begins.
            defer { signal.finish() }
            var completion: Completion?
            for try await event in engine.generate(request) {
                if case .token = event { signal.finish() }
                if case .finished(let last) = event { completion = last }
            }
            return completion
        }
        for await _ in begun {}
        return task
    }

    @Test("a draining engine finishes what it has and takes nothing more, by any road")
    func drain() async throws {
        let engine = try await Self.engine()
        let running = try await Self.begin(EngineTests.request([5, 6, 7], tokens: 300), engine)
        let drained = Task { await engine.drain() }
        while await engine.status().state == .serving { await Task.yield() }
        await #expect(throws: RequestError.engineDraining) {
            try await engine.complete(EngineTests.request([1], tokens: 1))
        }
        for mode in LogitsMode.allCases {
            await #expect(throws: RequestError.engineDraining) {
                try await engine.logits(of: [[1, 2]], mode: mode) { _, _, _ in }
            }
        }
        #expect(try await running.value?.completionTokens == 300)
        #expect(await drained.value)
        #expect(await engine.drain(), "who comes late finds it drained")
        #expect(await engine.status().state == .draining)
        await engine.shutdown()
        await #expect(throws: RequestError.engineStopped) {
            try await engine.complete(EngineTests.request([1], tokens: 1))
        }
        #expect(await engine.status().state == .stopped)
    }

    @Test("draining ends with its time or its task, and what runs goes on")
    func graceEnds() async throws {
        let engine = try await Self.engine()
        let running = try await Self.begin(Self.endless, engine)
        #expect(await engine.drain(within: .zero) == false)
        let waiting = Task { await engine.drain() }
        waiting.cancel()
        #expect(await waiting.value == false)
        let status = await engine.status()
        #expect(status.runningSequences == 1 && status.state == .draining)
        await engine.shutdown()
        await #expect(throws: RequestError.engineStopped) { _ = try await running.value }
        #expect(await engine.status().cacheBlocksUsed == 0)
    }

    @Test("an engine in a service group ends with it, after its last request")
    func service() async throws {
        let engine = try await Self.engine()
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: engine)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let service = Task { try await group.run() }
        let running = try await Self.begin(EngineTests.request([5, 6, 7], tokens: 300), engine)
        await group.triggerGracefulShutdown()
        #expect(try await running.value?.completionTokens == 300)
        try await service.value
        #expect(await engine.status().state == .stopped)
    }

    @Test("the grace period ends what takes longer")
    func gracePeriod() async throws {
        let engine = try await Self.engine(grace: .zero)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: engine)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let service = Task { try await group.run() }
        let running = try await Self.begin(Self.endless, engine)
        await group.triggerGracefulShutdown()
        await #expect(throws: RequestError.engineStopped) { _ = try await running.value }
        try await service.value
    }

    @Test("a service whose task is cancelled stops at once")
    func cancelled() async throws {
        let engine = try await Self.engine()
        let running = try await Self.begin(Self.endless, engine)
        let service = Task { try await engine.run() }
        service.cancel()
        await #expect(throws: CancellationError.self) { try await service.value }
        await #expect(throws: RequestError.engineStopped) { _ = try await running.value }
        #expect(await engine.status().state == .stopped)
    }

    @Test("a grace period of less than nothing is refused")
    func badGrace() async {
        await #expect(throws: EngineError.self) { _ = try await Self.engine(grace: .seconds(-1)) }
    }
}
