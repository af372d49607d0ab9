import Foundation
import Synchronization

/// Standard error: lines, and on a terminal one bar at the bottom that lines push down.
final class Console: Sendable {
    static let shared = Console()

    let isTerminal = isatty(STDERR_FILENO) == 1
    private let bar = Mutex("")

    func line(_ text: String) {
        // A bad line's own words are in some messages.
        let text = isTerminal ? text.withoutControls : text
        bar.withLock { bar in
            put((bar.isEmpty ? "" : "\r\u{1B}[K") + text + "\n" + bar)
        }
    }

    /// Show `text` in the bar's place; an empty one takes the bar away. Only on a terminal.
    func setBar(_ text: String) {
        guard isTerminal else { return }
        bar.withLock { bar in
            if text == bar { return }
            put("\r\u{1B}[K" + text)
            bar = text
        }
    }

    /// Columns of the terminal.
    var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private func put(_ text: String) {
        // Nobody is left to tell when standard error itself fails.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
