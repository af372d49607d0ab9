/// Searching in texts byte by byte, which UTF-8 allows. Comparisons are paid for, so that a repetitive text makes a rendering
/// fail and not hang.
extension Budget {
    /// The offset of the part's first occurrence in the UTF-8, or its last.
    func search(_ text: String, for part: String, last: Bool = false) throws -> Int? {
        try search(Array(text.utf8), for: Array(part.utf8), last: last)
    }

    func search(_ text: [UInt8], for part: [UInt8], from start: Int = 0, last: Bool = false) throws -> Int? {
        guard text.count - start >= part.count else { return nil }
        guard let first = part.first else { return last ? text.count : start }
        let ends = text.count - part.count
        let places = last ? stride(from: ends, through: start, by: -1) : stride(from: start, through: ends, by: 1)
        var compared = 0
        defer { try? spend(bytes: compared) }
        for place in places {
            compared += 1
            guard text[place] == first else { continue }
            var length = 1
            while length < part.count, text[place + length] == part[length] { length += 1 }
            if length == part.count { return place }
            compared += length
            if compared > 1 << 16 {
                try spend(bytes: compared)
                compared = 0
            }
        }
        return nil
    }

    /// As `str.replace`; a negative count replaces all.
    func replace(_ text: String, _ old: String, _ new: String, count: Int = -1) throws -> String {
        var left = count < 0 ? Int.max : count
        guard left > 0 else { return text }
        try spend(bytes: text.utf8.count)
        if old.utf8.isEmpty {
            var result = ""
            let scalars = text.unicodeScalars
            try spend(bytes: min(left, scalars.count + 1).multipliedReportingOverflow(by: new.utf8.count).partialValue)
            for scalar in scalars {
                if left > 0 { result += new }
                left = max(left - 1, 0)
                result.unicodeScalars.append(scalar)
            }
            return left > 0 ? result + new : result
        }
        let (bytes, part, replacement) = (Array(text.utf8), Array(old.utf8), Array(new.utf8))
        var result: [UInt8] = []
        var start = 0
        while left > 0, let place = try search(bytes, for: part, from: start) {
            try spend(bytes: replacement.count)
            result += bytes[start..<place]
            result += replacement
            start = place + part.count
            left -= 1
        }
        guard start > 0 else { return text }
        result += bytes[start...]
        return String(decoding: result, as: UTF8.self)
    }

    /// As `str.split` and `str.rsplit` with a separator.
    func split(_ text: String, by separator: String, atMost limit: Int, fromEnd: Bool) throws -> [Value] {
        guard !separator.utf8.isEmpty else { throw Fault.failed("empty separator") }
        let (bytes, part) = (Array(text.utf8), Array(separator.utf8))
        try spend(bytes: bytes.count)
        var pieces: [Value] = []
        func add(_ piece: ArraySlice<UInt8>) throws {
            try spend(elements: 1)
            pieces.append(.string(String(decoding: piece, as: UTF8.self)))
        }
        var left = limit < 0 ? Int.max : limit
        if fromEnd {
            var rest = bytes
            while left > 0, let place = try search(rest, for: part, last: true) {
                try add(rest[(place + part.count)...])
                rest.removeSubrange(place...)
                left -= 1
            }
            try add(rest[...])
            return pieces.reversed()
        }
        var start = 0
        while left > 0, let place = try search(bytes, for: part, from: start) {
            try add(bytes[start..<place])
            start = place + part.count
            left -= 1
        }
        try add(bytes[start...])
        return pieces
    }

    /// As `str.split` without a separator: runs of white space part the words.
    func splitWords(_ text: String, atMost limit: Int, fromEnd: Bool) throws -> [Value] {
        var scalars = Array(text.unicodeScalars)
        try spend(elements: scalars.count)
        if fromEnd { scalars.reverse() }
        var words: [String.UnicodeScalarView] = []
        var left = limit < 0 ? Int.max : limit
        var index = 0
        while true {
            while index < scalars.count, scalars[index].isSpace { index += 1 }
            guard index < scalars.count else { break }
            var word = String.UnicodeScalarView()
            if left == 0 {
                word.append(contentsOf: scalars[index...])
                index = scalars.count
            }
            while index < scalars.count, !scalars[index].isSpace {
                word.append(scalars[index])
                index += 1
            }
            words.append(word)
            left -= 1
        }
        guard fromEnd else { return words.map { .string(String($0)) } }
        return words.reversed().map { word in
            var turned = String.UnicodeScalarView()
            turned.append(contentsOf: word.reversed())
            return .string(String(turned))
        }
    }
}
