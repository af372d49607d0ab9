import Forms
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Parterre

/// `GET /health`: 200 when requests are served, 503 with the reason otherwise. Needs no key.
struct HealthFeature: Feature {
    let core: ServerCore

    func addRoutes(to routes: Routes) {
        routes.open.get("health") { _, _ in await answer() }
    }

    private func answer() async -> Response {
        if core.gate.isDraining { return Self.unready(["status": "draining"]) }
        switch core.host.state {
        case .loading(let progress):
            return Self.unready(["status": "loading", "progress": .number((progress * 1000).rounded() / 1000)])
        case .ready(let model):
            // Between two steps the engine answers; one that does not is stuck.
            let status = await Deadline.seconds(10) { await model.engine.status() }
            guard let status else { return Self.unready(["status": "stuck"]) }
            guard status.state == .serving else { return Self.unready(["status": .string(status.state.rawValue)]) }
            return Response(json: .object(["status": "ok"]))
        }
    }

    private static func unready(_ members: KeyValuePairs<String, JSON>) -> Response {
        Response(.serviceUnavailable, json: .object(members), headers: [.retryAfter: "2"])
    }
}

/// Waiting for something that may never come.
enum Deadline {
    /// - Returns: `nil` when the time is over; the operation is then left alone.
    static func seconds<Value: Sendable>(
        _ seconds: Int, _ operation: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let (values, feed) = AsyncStream<Value?>.makeStream()
        let work = Task { feed.yield(await operation()) }
        let alarm = Task {
            try await Task.sleep(for: .seconds(seconds))
            feed.yield(nil)
        }
        defer {
            work.cancel()
            alarm.cancel()
        }
        for await value in values { return value }
        return nil
    }
}
