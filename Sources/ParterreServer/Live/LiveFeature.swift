import Hummingbird
import HummingbirdCore
import NIOCore
import Parterre

/// `GET /live`: what is in the batch and in the cache, as server-sent events, a few times a second while somebody listens and
/// something changes. It shows names of requests and numbers, never a text.
struct LiveFeature: Feature {
    let core: ServerCore
    private let hub: LiveHub

    /// Between two looks at the engine.
    private static let pause = Duration.milliseconds(200)
    static let mostListeners = 32

    init(core: ServerCore) {
        self.core = core
        hub = LiveHub(mostListeners: Self.mostListeners)
    }

    func addRoutes(to routes: Routes) {
        routes.guarded.get("live") { _, context in try await answer(context) }
    }

    func run() async throws {
        defer { hub.end() }
        for await _ in hub.bell { try await tell() }
    }

    /// Until nobody listens.
    private func tell() async throws {
        var last: LiveMoment?
        var lastTold = ContinuousClock.now
        while hub.listeners > 0 {
            let moment = await moment()
            let now = ContinuousClock.now
            // The same again from time to time, so that proxies do not take the stream for dead.
            if moment != last || now - lastTold >= core.options.keepAliveTime {
                let milliseconds = Int((now - Self.begin) / .milliseconds(1))
                hub.publish(ByteBuffer(string: EventStream.event(moment.json(at: milliseconds))))
                (last, lastTold) = (moment, now)
            }
            // The server waits for what it answers, so this must not go on for as long as the server does.
            if core.gate.isDraining, core.gate.inFlight == 0 { return hub.end() }
            try await Task.sleep(for: Self.pause)
        }
    }

    private static let begin = ContinuousClock.now

    private func moment() async -> LiveMoment {
        switch core.host.state {
        case .loading(let progress): .loading(progress: progress)
        case .ready(let model): .serving(await model.engine.snapshot(), isDraining: core.gate.isDraining)
        }
    }

    private func answer(_ context: ServerContext) async throws -> Response {
        let client = try await context.disconnection()
        let listener = try hub.join()
        let (channel, stallTime) = (context.channel, core.options.stallTime)
        return Response(
            status: .ok, headers: EventStream.headers,
            body: ResponseBody { writer in
                let watch = client.watched {
                    defer { listener.leave() }
                    while listener.stall < stallTime { try await Task.sleep(for: stallTime / 4) }
                    channel.close(promise: nil)
                }
                defer { watch.end() }
                for await event in listener.events {
                    listener.writes(true)
                    try await writer.write(event)
                    listener.writes(false)
                }
                try await writer.finish(nil)
            })
    }
}
