package import Forms

/// What a batch that has ended leaves behind.
package struct BatchResults: Codable, Equatable, Sendable {
    /// Whether the file with its name exists: without a single line there is none.
    package var hasOutput = false
    package var hasErrors = false
    package var counts = BatchCounts()
    package var usage = BatchUsage()
    /// As the answers call it.
    package var model: String?

    package init() {}
}

/// OpenAI's `request_counts`.
package struct BatchCounts: Codable, Equatable, Sendable {
    /// Requests of the input; 0 until it has been looked at.
    package var total = 0
    package var completed = 0
    /// Could not be answered. Those that were not tried, because the batch expired or was cancelled, do not count.
    package var failed = 0

    package init(total: Int = 0, completed: Int = 0, failed: Int = 0) {
        self.total = total
        self.completed = completed
        self.failed = failed
    }

    package var json: JSON {
        .object(["total": .integer(total), "completed": .integer(completed), "failed": .integer(failed)])
    }
}

/// Tokens of all answers together.
package struct BatchUsage: Codable, Equatable, Sendable {
    package var inputTokens = 0
    package var outputTokens = 0

    package init() {}

    package var json: JSON {
        .object([
            "input_tokens": .integer(inputTokens),
            // What the prefix cache saved is not counted by request.
            "input_tokens_details": .object(["cached_tokens": 0]),
            "output_tokens": .integer(outputTokens),
            "output_tokens_details": .object(["reasoning_tokens": 0]),
            "total_tokens": .integer(inputTokens + outputTokens),
        ])
    }
}
