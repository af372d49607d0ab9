import Foundation

/// What stands behind the process's own streams.
enum StandardStreams {
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}
