import Parterre

/// Orders the pieces of several texts that grow at once, so that each is printed in one go: the first as it streams,
/// the others from a buffer.
struct PlainText {
    /// One text: sample `sample` of prompt `prompt`.
    struct Section: Hashable {
        var prompt: Int
        var sample: Int
    }

    private let prompts: [String]
    private let samples: Int
    /// Escape codes that a model writes must not reach a terminal.
    private let showsControls: Bool
    private var current = 0
    private var begun = false
    private var pieces: [String]
    private var ended: [Bool]

    init(prompts: [String], samples: Int, showsControls: Bool) {
        self.prompts = prompts
        self.samples = samples
        self.showsControls = showsControls
        pieces = Array(repeating: "", count: prompts.count * samples)
        ended = Array(repeating: false, count: prompts.count * samples)
    }

    /// - Returns: what can be printed before the first piece has come.
    mutating func start() -> String { flush() }

    /// - Returns: what can be printed now.
    mutating func append(_ piece: String, to section: Section) -> String {
        pieces[index(section)] += piece
        return flush()
    }

    /// - Returns: what can be printed now.
    mutating func end(_ section: Section) -> String {
        ended[index(section)] = true
        return flush()
    }

    private func index(_ section: Section) -> Int { section.prompt * samples + section.sample }

    private mutating func flush() -> String {
        var text = ""
        while current < pieces.count {
            if !begun {
                text += heading(current) + prompts[current / samples]
                begun = true
            }
            text += pieces[current]
            pieces[current] = ""
            if !ended[current] { break }
            text += "\n"
            current += 1
            begun = false
        }
        return showsControls ? text : text.withoutControls
    }

    private func heading(_ index: Int) -> String {
        var parts: [String] = []
        if prompts.count > 1 { parts.append("\(index / samples + 1)/\(prompts.count)") }
        if samples > 1 { parts.append("sample \(index % samples + 1)/\(samples)") }
        if parts.isEmpty { return "" }
        return (index > 0 ? "\n" : "") + "=== \(parts.joined(separator: ", ")) ===\n"
    }
}

extension String {
    /// The text without characters that would steer a terminal, except for new lines and tabs.
    var withoutControls: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    let isControl = scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
                    return isControl ? "\u{FFFD}" : scalar
                }))
    }
}
