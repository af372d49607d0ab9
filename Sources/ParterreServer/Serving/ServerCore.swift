package import Logging

/// What every feature of a server works with.
package struct ServerCore: Sendable {
    package let options: ServerOptions
    package let host: ModelHost
    package let gate = AdmissionGate()
    package let bodies: BodyMemory
    package let logger: Logger

    init(options: ServerOptions, host: ModelHost, logger: Logger) {
        self.options = options
        self.host = host
        // The largest that is allowed must fit.
        bodies = BodyMemory(limit: max(options.bodyMemory, options.limits.bodyBytes))
        self.logger = logger
    }
}
