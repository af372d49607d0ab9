import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The part of the server that listens and answers.
struct WebService: Sendable {
    private let group: ServiceGroup
    private let address: (host: String, port: Int)
    private let threads: MultiThreadedEventLoopGroup

    init(core: ServerCore, router: Router<ServerContext>, onListening: @escaping @Sendable (Int) -> Void) {
        let options = core.options
        address = (options.host, options.port)
        threads = MultiThreadedEventLoopGroup(numberOfThreads: options.networkThreads)
        let idle = TimeAmount(options.idleTime)
        let manners = ConnectionEnding.Manners(
            time: TimeAmount(options.lingerTime), bytes: options.lingerBytes, logger: core.logger)
        // Hummingbird's own lines say at info what is said here already.
        var quiet = core.logger
        quiet.logLevel = max(.notice, core.logger.logLevel)
        let application = Application(
            router: router,
            server: HTTPServerBuilder { responder in
                WireChannel(
                    base: HTTP1Channel(
                        responder: responder,
                        configuration: .init(additionalChannelHandlers: [ConnectionWatch()], idleTimeout: idle)),
                    manners: manners)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port), serverName: "parterre",
                availableConnectionsDelegate: .maximum(options.maxConnections, logger: quiet)),
            onServerRunning: { onListening($0.localAddress?.port ?? options.port) },
            eventLoopGroupProvider: .shared(threads),
            logger: quiet)
        var configuration = ServiceGroupConfiguration(services: [application], logger: quiet)
        // What is left to write when all requests have ended: a client that does not read must not hold up the end.
        configuration.maximumGracefulShutdownDuration = .seconds(2)
        group = ServiceGroup(configuration: configuration)
    }

    /// - Throws: `ServerError.cannotListen`.
    func run() async throws {
        do {
            try await group.run()
        } catch is CancellationError {
        } catch {
            try? await threads.shutdownGracefully()
            throw ServerError.cannotListen(host: address.host, port: address.port, reason: Self.reason(error))
        }
        try? await threads.shutdownGracefully()
    }

    /// Close all connections and come back from `run`.
    func end() async { await group.triggerGracefulShutdown() }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case is SocketAddressError.UnknownHost: "there is no such host"
        default: String(describing: error)
        }
    }
}
