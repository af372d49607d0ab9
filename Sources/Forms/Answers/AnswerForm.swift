/// How an endpoint writes texts down, whole and in a stream, and what it calls the fields that limits are about.
package protocol AnswerForm: Sendable {
    associatedtype Stream: StreamForm

    var fields: LimitedFields { get }

    /// About what a token takes in an answer, as JSON.
    ///
    /// - Parameter logprobs: how many other tokens are told with it; `nil`: not even its own log-probability is.
    static func bytesPerToken(logprobs: Int?) -> Int

    /// - Parameter choices: all of each, in order.
    func whole(_ choices: [CompletionPiece], usage: Usage) -> JSON

    /// The beginning of one stream.
    ///
    /// - Parameter announcesUsage: it ends with the usage, and every chunk before says so.
    func stream(announcesUsage: Bool) -> Stream
}

/// Writes one stream; remembers what later chunks depend on.
package protocol StreamForm {
    /// What is sent before there is any text.
    func opening(choices: Int) -> [JSON]
    mutating func chunks(_ piece: CompletionPiece) -> [JSON]
    /// What is sent at the end where it was announced.
    func chunk(usage: Usage) -> JSON
}

package struct LimitedFields: Sendable {
    package var prompt = "prompt"
    package var maxTokens = "max_tokens"
}
