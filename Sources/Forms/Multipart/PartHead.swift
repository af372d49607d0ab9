/// What a part's headers say of it.
package struct PartHead: Equatable, Sendable {
    /// The form's field.
    package var name: String
    /// Of a file, as the client calls it; `nil` for a field that is none.
    package var filename: String?

    package init(name: String, filename: String? = nil) {
        self.name = name
        self.filename = filename
    }

    /// - Parameter headers: lines that end with CR LF; a line's end may stand in front.
    init(headers: String) throws(MultipartError) {
        var disposition: HeaderValue?
        for line in headers.split(separator: "\r\n", omittingEmptySubsequences: true) {
            guard let colon = line.firstIndex(of: ":") else { throw .badHeader }
            let name = line[..<colon]
            guard !name.isEmpty, name.utf8.allSatisfy(HeaderValue.isTokenByte) else { throw .badHeader }
            guard name.lowercased() == "content-disposition" else { continue }
            guard disposition == nil else { throw .badHeader }
            disposition = try HeaderValue(line[line.index(after: colon)...])
        }
        guard let disposition, disposition.value == "form-data", let name = disposition.parameters["name"] else {
            throw .badHeader
        }
        self.init(name: name, filename: disposition.parameters["filename"])
    }
}
