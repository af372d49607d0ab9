/// Foreign text, fit for a sentence on one line of a terminal: control characters escaped, cut where it gets long.
package func printable(_ text: String, limit: Int = 300) -> String {
    var result = ""
    var length = 0
    for scalar in text.unicodeScalars {
        var shown = String(scalar)
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: shown = scalar.escaped(asASCII: true)
        default: break
        }
        length += shown.unicodeScalars.count
        if length > limit { return result + "…" }
        result += shown
    }
    return result
}

/// A word out of a file in quotation marks, the first 100 characters of it.
package func quoted(_ text: String) -> String { "\"\(printable(text, limit: 100))\"" }
