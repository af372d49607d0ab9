/// A header's value with its parameters, e.g. `form-data; name="file"`.
struct HeaderValue: Equatable {
    /// In lower case.
    var value: String
    /// By lower-case name.
    var parameters: [String: String] = [:]

    /// - Throws: `MultipartError.badHeader`, also where a parameter stands there twice.
    init(_ text: some StringProtocol) throws(MultipartError) {
        // By scalars: a quote is one whatever accent follows it.
        var rest = Substring(text).unicodeScalars
        rest.skipSpaces()
        value = rest.take { $0 == "/" || Self.isToken($0) }.lowercased()
        if value.isEmpty { throw .badHeader }
        rest.skipSpaces()
        while !rest.isEmpty {
            guard rest.take(";") else { throw .badHeader }
            rest.skipSpaces()
            if rest.isEmpty { break }
            let name = rest.take(Self.isToken).lowercased()
            rest.skipSpaces()
            guard !name.isEmpty, rest.take("=") else { throw .badHeader }
            rest.skipSpaces()
            let parameter = rest.take("\"") ? try Self.quoted(&rest) : rest.take(Self.isToken)
            guard parameters.updateValue(parameter, forKey: name) == nil else { throw .badHeader }
            rest.skipSpaces()
        }
    }

    /// RFC 9110's `tchar`.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func isToken(_ scalar: Unicode.Scalar) -> Bool {
        UInt8(exactly: scalar.value).map(isTokenByte) ?? false
    }

    /// A backslash escapes a quote or a backslash and is one itself otherwise: browsers send `C:\x` as it is.
    private static func quoted(_ rest: inout Substring.UnicodeScalarView) throws(MultipartError) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(text)
            case "\\" where rest.first == "\"" || rest.first == "\\": text.append(rest.removeFirst())
            default:
                // No header has a control character, and nothing that shows a name shall meet one.
                if scalar.properties.generalCategory == .control { throw .badHeader }
                text.append(scalar)
            }
        }
        throw .badHeader
    }
}

extension Substring.UnicodeScalarView {
    fileprivate mutating func skipSpaces() { self = drop { $0 == " " || $0 == "\t" } }

    fileprivate mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard first == scalar else { return false }
        removeFirst()
        return true
    }

    fileprivate mutating func take(_ isWanted: (Unicode.Scalar) -> Bool) -> String {
        let taken = prefix(while: isWanted)
        self = dropFirst(taken.count)
        return String(taken)
    }
}

extension MultipartParser {
    /// A parser for a body of that content type.
    ///
    /// - Throws: `MultipartError.notAForm`.
    package init(contentType: String?) throws(MultipartError) {
        guard let contentType, let value = try? HeaderValue(contentType), value.value == "multipart/form-data",
            let boundary = value.parameters["boundary"],
            (1...Self.longestBoundary).contains(boundary.utf8.count), boundary.last != " ",
            boundary.utf8.allSatisfy(Self.isBoundaryByte)
        else { throw .notAForm }
        self.init(boundary: boundary)
    }

    /// RFC 2046's `bchars`.
    private static func isBoundaryByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "'()+_,-./:=? ".utf8.contains(byte)
        }
    }
}
