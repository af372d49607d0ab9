/// What Python's `str` knows about code points.
extension Unicode.Scalar {
    /// `str.isspace`, which is also what `strip()` and `split()` go by.
    var isSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// Where `splitlines()` ends a line.
    var endsLine: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// `str.isprintable`: what `repr` shows as it is.
    var isPrintable: Bool {
        if value < 0x7F { return value >= 0x20 }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    var isNumeric: Bool { properties.numericType != nil }
    var isDecimal: Bool { properties.numericType == .decimal }
    var isDigit: Bool { properties.numericType == .decimal || properties.numericType == .digit }
    var isTitlecase: Bool { properties.generalCategory == .titlecaseLetter }
}

extension String {
    func stripped(of unwanted: (Unicode.Scalar) -> Bool, left: Bool = true, right: Bool = true) -> String {
        let scalars = unicodeScalars
        var start = scalars.startIndex
        var end = scalars.endIndex
        if left { while start < end, unwanted(scalars[start]) { start = scalars.index(after: start) } }
        if right {
            while start < end {
                let last = scalars.index(before: end)
                guard unwanted(scalars[last]) else { break }
                end = last
            }
        }
        return start == scalars.startIndex && end == scalars.endIndex ? self : String(scalars[start..<end])
    }

    func strippedOfSpace(left: Bool = true, right: Bool = true) -> String {
        stripped(of: \.isSpace, left: left, right: right)
    }

    var pythonLowercased: String {
        if utf8.allSatisfy({ $0 < 0x80 }) { return lowercased() }
        let scalars = Array(unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            result += scalar == "Σ" ? Self.lowercaseSigma(scalars, index) : scalar.properties.lowercaseMapping
        }
        return result
    }

    /// Σ is ς where a letter stands in front of it and none behind it.
    private static func lowercaseSigma(_ scalars: [Unicode.Scalar], _ index: Int) -> String {
        func letter(_ scalars: some Sequence<Unicode.Scalar>) -> Bool {
            scalars.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
        }
        return letter(scalars[..<index].reversed()) && !letter(scalars[(index + 1)...]) ? "ς" : "σ"
    }

    var pythonUppercased: String {
        if utf8.allSatisfy({ $0 < 0x80 }) { return uppercased() }
        return unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
    }

    var pythonCapitalized: String {
        guard let first = unicodeScalars.first else { return "" }
        let lower = String(self.unicodeScalars.dropFirst())
        return first.properties.titlecaseMapping + lower.pythonLowercased
    }

    /// `str.title`, which is not the filter `title`.
    var pythonTitlecased: String {
        var result = ""
        var inWord = false
        for scalar in unicodeScalars {
            result += inWord ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            inWord = scalar.properties.isCased
        }
        return result
    }

    /// As `str.splitlines`.
    func lines(keepingEnds: Bool = false) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        var open = false
        for scalar in unicodeScalars {
            if scalar == "\n", previous == "\r" {
                if keepingEnds { lines[lines.count - 1] += "\n" }
                previous = scalar
                continue
            }
            open = !scalar.endsLine
            if open || keepingEnds { line.append(scalar) }
            if !open {
                lines.append(String(line))
                line = String.UnicodeScalarView()
            }
            previous = scalar
        }
        if open { lines.append(String(line)) }
        return lines
    }
}
