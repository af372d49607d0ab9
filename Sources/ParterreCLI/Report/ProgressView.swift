import BatchFiles
import Parterre

/// A moment of a run, as a bar for a terminal or as a log line.
struct ProgressView: Equatable, Sendable {
    var counts = Tally.Counts()
    /// Lines of the input, where that is known.
    var total: Int?
    var generatedTokens = 0
    /// Over the last seconds.
    var tokensPerSecond = 0.0
    /// Share of the cache's blocks in use, 0…1.
    var cacheUse = 0.0
    var running = 0
    /// At the end: sequences that had to give up their blocks, how many of these were swapped, and the bytes out and back.
    var preemptions = 0
    var swaps = 0
    var bytesSwapped = 0
    var secondsElapsed = 0.0
    /// Guessed tokens that were verified, and those that came true.
    var drafted = 0
    var accepted = 0
    /// Tokens that were looked up in the prefix cache, and those of them that were there.
    var prefixQueries = 0
    var prefixHits = 0

    /// Seconds that the rest will take if it goes on as the run did so far.
    var secondsLeft: Double? {
        let worked = counts.answered + counts.failed
        guard let total, worked > 0, total >= counts.done else { return nil }
        return secondsElapsed / Double(worked) * Double(total - counts.done)
    }

    /// At most `width` columns.
    func bar(width: Int) -> String {
        var facts = "\(counts.done)"
        if let total { facts += "/\(total)" }
        facts += " lines"
        if counts.failed > 0 { facts += " (\(counts.failed) bad)" }
        facts += "  \(Figures.rate(tokensPerSecond)) tokens/s  cache \(Figures.percent(cacheUse))"
        if let secondsLeft { facts += "  \(Figures.clock(secondsLeft)) left" }
        guard let total, total > 0 else { return String(facts.prefix(width - 1)) }
        // The bar itself takes what the facts leave, up to 30 columns.
        let room = min(30, width - facts.count - 4)
        guard room >= 5 else { return String(facts.prefix(width - 1)) }
        let full = min(room, room * counts.done / total)
        return "[" + String(repeating: "#", count: full) + String(repeating: "-", count: room - full) + "] " + facts
    }

    var logLine: String {
        var text = "\(counts.done)"
        if let total { text += " of \(total)" }
        text += " lines, \(running) sequences running, \(generatedTokens) tokens, "
        text += "\(Figures.rate(tokensPerSecond)) tokens/s, cache \(Figures.percent(cacheUse))"
        if let secondsLeft { text += ", \(Figures.clock(secondsLeft)) left" }
        return text
    }

    /// The last word of a run.
    var summary: String {
        var text = "\(counts.answered) lines answered"
        if counts.failed > 0 { text += ", \(counts.failed) failed" }
        if counts.skipped > 0 { text += ", \(counts.skipped) were there already" }
        let rate = secondsElapsed > 0 ? Double(generatedTokens) / secondsElapsed : 0
        text += "; \(generatedTokens) tokens in \(Figures.seconds(secondsElapsed)) (\(Figures.rate(rate)) tokens/s)"
        return text + guesses + shortage
    }
}

extension ProgressView {
    /// What the engine has done in the whole run.
    mutating func note(_ status: EngineStatus) {
        generatedTokens = status.generatedTokens
        (drafted, accepted) = (status.draftedTokens, status.acceptedTokens)
        (prefixQueries, prefixHits) = (status.prefixCacheQueries, status.prefixCacheHits)
        (preemptions, swaps) = (status.preemptions, status.swaps)
        bytesSwapped = status.bytesSwappedOut + status.bytesSwappedIn
    }

    /// What too small a cache led to; nothing where it was large enough.
    private var shortage: String {
        guard preemptions > 0 else { return "" }
        var parts: [String] = []
        if swaps > 0 { parts.append("\(swaps) swapped out and back, \(Figures.bytes(bytesSwapped)) in all") }
        if preemptions > swaps { parts.append("\(preemptions - swaps) computed again") }
        return "; the cache was small for \(preemptions) sequences: " + parts.joined(separator: ", ")
    }

    /// What guessing ahead came to; nothing where nothing was guessed.
    private var guesses: String {
        guard drafted > 0, generatedTokens > accepted else { return "" }
        let share = Figures.percent(Double(accepted) / Double(drafted))
        let each = Figures.rate(Double(generatedTokens) / Double(generatedTokens - accepted))
        return "; \(accepted) of \(drafted) guessed tokens came true (\(share)), \(each) tokens a step for each text"
    }

    /// What requests had in common; `nil` where they had nothing.
    var prefixSummary: String? {
        guard prefixHits > 0 else { return nil }
        return "prefix cache: \(Figures.grouped(prefixHits)) of \(Figures.grouped(prefixQueries)) prompt tokens reused"
    }
}

/// Tokens a second over the last few moments, so that the rate follows what happens now.
struct RateMeter: Sendable {
    private var moments: [(seconds: Double, tokens: Int)] = []
    private let window: Double

    init(window: Double = 5) { self.window = window }

    /// Note how many tokens there are after that many seconds.
    ///
    /// - Returns: the rate over the window that ends now.
    mutating func note(tokens: Int, at seconds: Double) -> Double {
        moments.append((seconds, tokens))
        while moments.count > 2, moments[1].seconds <= seconds - window { moments.removeFirst() }
        guard let first = moments.first, seconds > first.seconds else { return 0 }
        return Double(tokens - first.tokens) / (seconds - first.seconds)
    }
}
