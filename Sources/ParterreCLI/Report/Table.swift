/// Sections of `name  value` rows, the values one below the other.
struct Table {
    private enum Line {
        case title(String)
        case row(String, String)
    }

    private var lines: [Line] = []

    mutating func title(_ text: String) { lines.append(.title(text)) }

    mutating func row(_ name: String, _ value: String) { lines.append(.row(name, value)) }

    var text: String {
        var width = 0
        for case .row(let name, _) in lines { width = max(width, name.count) }
        var text = ""
        for line in lines {
            switch line {
            case .title(let title):
                text += (text.isEmpty ? "" : "\n") + title + "\n"
            case .row(let name, let value):
                text += "  " + name + String(repeating: " ", count: width - name.count + 2) + value + "\n"
            }
        }
        return text
    }
}
