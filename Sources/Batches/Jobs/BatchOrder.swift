package import BatchFiles

/// What a client asks for when it creates a batch.
package struct BatchOrder: Codable, Equatable, Sendable {
    package typealias Endpoint = BatchEndpoint

    package var inputFile: FileID
    package var endpoint: Endpoint
    package var window: CompletionWindow
    package var metadata: [String: String]?
    /// Seconds after which the results are deleted; `nil`: never.
    package var resultsExpireAfter: Int?

    package init(
        inputFile: FileID, endpoint: Endpoint = .completions, window: CompletionWindow = .day,
        metadata: [String: String]? = nil, resultsExpireAfter: Int? = nil
    ) {
        self.inputFile = inputFile
        self.endpoint = endpoint
        self.window = window
        self.metadata = metadata
        self.resultsExpireAfter = resultsExpireAfter
    }
}

/// How long a batch may take, e.g. `24h`: a whole number of minutes (m), hours (h) or days (d), 30 days at most.
package struct CompletionWindow: Codable, Equatable, Sendable {
    /// As it was given.
    package let text: String
    package let seconds: Int

    package static let day = CompletionWindow("24h")!

    package init?(_ text: String) {
        let units: [Character: Int] = ["m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let count = Int(text.dropLast()),
            count > 0, count <= 30 * 86_400 / unit, text.first != "+"
        else { return nil }
        self.text = text
        seconds = count * unit
    }
}
