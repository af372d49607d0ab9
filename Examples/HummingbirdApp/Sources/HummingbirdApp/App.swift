import Foundation
import Hummingbird
import Logging
import Parterre
import ServiceLifecycle

/// HummingbirdApp [MODEL] [PORT]: without a model's folder the small bundled one writes.
@main struct App {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let port = arguments.compactMap { Int($0) }.first ?? 8080
        let folder = arguments.first { Int($0) == nil }
        let logger = Logger(label: "app")

        var options = EngineOptions()
        options.gracePeriod = .seconds(30)
        options.mostWaiting = 64
        let model = folder.map { ModelSource.directory(URL(filePath: $0)) } ?? .bundled
        let engine = try await Engine.load(model, options: options, logger: logger)

        let app = Application(
            router: routes(engine), configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
        // The last is shut down first: on SIGTERM the server ends its answers, then the engine ends.
        let group = ServiceGroup(
            services: [engine, app], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }
}
