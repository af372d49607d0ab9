import HTTPTypes
import NIOHTTP1

extension APIError {
    /// What a client is told that does not speak HTTP; `nil` where an error says something else, such as that the client left.
    init?(malformed error: any Error) {
        guard let error = error as? HTTPParserError else { return nil }
        let fault: String
        switch error {
        case .invalidEOFState, .closedConnection: return nil
        case .headerOverflow:
            self.init(
                .requestHeaderFieldsTooLarge, "the request's address or its headers are too long: shorten them",
                code: "headers_too_large")
            return
        case .invalidMethod: fault = "it begins with no method"
        case .invalidURL, .invalidHost, .invalidPort, .invalidPath, .invalidQueryString, .invalidFragment:
            fault = "its address is malformed"
        case .invalidVersion: fault = "its version is not HTTP/1.0 or HTTP/1.1"
        case .invalidHeaderToken: fault = "a header is malformed"
        case .invalidContentLength, .unexpectedContentLength: fault = "its Content-Length is wrong"
        case .invalidChunkSize: fault = "a chunk's size is malformed"
        case .invalidConstant, .lfExpected, .strictModeAssertion: fault = "a line of it is malformed"
        default: fault = "it is malformed"
        }
        self.init(.badRequest, "the request is no HTTP: \(fault)", code: "malformed_request")
    }
}
