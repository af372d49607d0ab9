import Batches
package import Hummingbird
import HummingbirdCore

/// A part of the server: its routes, and what it does beside them.
package protocol Feature: Sendable {
    func addRoutes(to routes: Routes)
    /// Runs as long as the server does; cancelled when the server ends. Comes back early where there is nothing to do.
    func run() async throws
}

extension Feature {
    package func run() async throws {}
}

/// Where a feature's routes go.
package struct Routes {
    /// For everybody who reaches the server.
    package let open: RouterGroup<ServerContext>
    /// For those who have a key, where the server wants one.
    package let guarded: RouterGroup<ServerContext>
}

extension ServerCore {
    /// All that the server does.
    ///
    /// - Parameter batches: `nil`: the server keeps none.
    func features(_ batches: BatchStore?) -> [any Feature] {
        [
            HealthFeature(core: self),
            ModelsFeature(core: self),
            CompletionsFeature(core: self),
            ChatFeature(core: self),
            TokenizeFeature(core: self),
            TokenizerInfoFeature(core: self),
            MetricsFeature(core: self, batches: batches),
            FilesFeature(store: batches?.files),
            BatchesFeature(core: self, store: batches),
        ] + (options.servesPage ? [LiveFeature(core: self), PageFeature()] : [])
    }

    /// A router with the routes of all features.
    func router(_ features: [any Feature]) -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: [.autoGenerateHeadEndpoints])
        router.addMiddleware {
            RequestLog(logger: logger)
            ErrorForm(logger: logger)
            BodyWatch(memory: bodies)
        }
        let guarded = router.group()
        if let keys = options.keys { guarded.add(middleware: KeyCheck(keys: keys)) }
        let routes = Routes(open: router.group(), guarded: guarded)
        for feature in features { feature.addRoutes(to: routes) }
        return router
    }
}
