/// What is wrong with a `multipart/form-data` body.
package enum MultipartError: Error, Equatable {
    /// The content type is another one or names no boundary.
    case notAForm
    case badDelimiter
    case badHeader
    /// The parts have more or longer headers, or there are more parts, than a form of ours has.
    case tooMuch
    /// The body ends before its last delimiter.
    case incomplete

    package var message: String {
        switch self {
        case .notAForm: "the content type must be multipart/form-data with a boundary"
        case .badDelimiter: "the body is no multipart form: what follows a boundary is neither a part nor the end"
        case .badHeader: "the body is no multipart form: a part's headers cannot be read"
        case .tooMuch: "the form has more parts, or longer headers, than an upload has"
        case .incomplete: "the body ends in the middle of the form"
        }
    }
}
