import Foundation
import Logging

/// Log lines for people on standard error: `12:04:33 info loaded model seconds=1.2`.
struct ConsoleLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(level: Logger.Level) { logLevel = level }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        Console.shared.line(Self.text(event.level, event.message, all, at: Date()))
    }

    static func text(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata, at time: Date)
        -> String
    {
        let fields = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return "\(Figures.timeOfDay(time)) \(level) \(message)\(fields)"
    }
}
