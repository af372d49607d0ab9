package import Parterre

/// What is wanted of a prompt: what the fields of a request say, or what is taken where they say nothing.
package struct RequestOptions: Equatable, Sendable {
    package var parameters: SamplingParameters
    package var n: Int
    package var priority: Int
    package var deadline: Duration?

    package init(
        parameters: SamplingParameters = SamplingParameters(), n: Int = 1, priority: Int = 0, deadline: Duration? = nil
    ) {
        self.parameters = parameters
        self.n = n
        self.priority = priority
        self.deadline = deadline
    }

    package func request(_ prompt: Prompt, label: String? = nil) -> GenerationRequest {
        var request = GenerationRequest(prompt, parameters: parameters, n: n)
        request.priority = priority
        request.deadline = deadline
        request.label = label
        return request
    }

    /// - Throws: `RequestError.invalid` for what the model cannot serve, e.g. a token that it does not have.
    package func check(_ engine: Engine) throws {
        try parameters.validate(n: n, vocabularySize: engine.vocabularySize)
    }
}
