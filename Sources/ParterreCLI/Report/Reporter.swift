import Foundation
import Logging
import Parterre

/// Tells on standard error how loading and the run go: a bar on a terminal, log lines elsewhere.
struct Reporter: Sendable {
    enum Style: Equatable, Sendable {
        case bar
        case logLines
        case quiet
    }

    let style: Style
    let logger: Logger

    init(quiet: Bool, verbose: Bool) {
        style = quiet ? .quiet : Console.shared.isTerminal ? .bar : .logLines
        var logger = Logger(label: "parterre") { _ in ConsoleLogHandler(level: .info) }
        // The bar says what log lines say elsewhere.
        logger.logLevel = quiet ? .error : verbose ? .debug : style == .bar ? .warning : .info
        self.logger = logger
    }

    /// A server's lines are wanted beside a bar, too: they are all that it shows.
    var serverLogger: Logger {
        var logger = logger
        if style != .quiet { logger.logLevel = min(logger.logLevel, .info) }
        return logger
    }

    /// For parts whose own lines would say what is told already.
    var quietLogger: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    func info(_ text: String) { logger.info("\(text)") }

    /// What the user should know even beside a bar.
    func notice(_ text: String) {
        if style != .quiet { Console.shared.line(text) }
    }

    func warn(_ text: String) { logger.warning("\(text)") }

    /// Load a model and show how far that is.
    ///
    /// - Parameter progress: somebody else who wants to know.
    func load(
        _ model: ModelSource, _ options: EngineOptions, progress: Engine.LoadProgress? = nil
    ) async throws -> Engine {
        let clock = ContinuousClock()
        let begin = clock.now
        let showsBar = style == .bar
        defer { Console.shared.setBar("") }
        let engine = try await Engine.load(model, options: options, logger: logger) { share in
            progress?(share)
            if showsBar { Console.shared.setBar("loading \(model.name)  \(Figures.percent(share))") }
        }
        let plan = engine.memoryPlan
        info(
            "loaded \(model.name) in \(Figures.seconds((clock.now - begin).seconds)): \(plan.weightFormat) weights "
                + "\(Figures.bytes(plan.weightBytes)), \(plan.cacheFormat) cache \(Figures.bytes(plan.cacheBytes)) for "
                + "\(plan.cacheTokens) tokens")
        for strays in engine.strayPages() where strays.region == "weights" { warn(strays.message) }
        return engine
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}

extension ModelSource {
    /// The model's name: that of its folder.
    var name: String {
        switch self {
        case .bundled: "default-model"
        case .directory(let url): url.standardizedFileURL.lastPathComponent
        case .random(let model): model.name
        }
    }
}
