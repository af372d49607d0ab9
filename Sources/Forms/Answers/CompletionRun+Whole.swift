import Parterre

extension CompletionRun {
    /// Generate all texts and write them down in one piece.
    package func wholeAnswer() async throws -> (json: JSON, usage: Usage) {
        let completions = try await generated()
        var usage = Usage(promptTokens: prompts.reduce(0) { $0 + $1.count })
        var choices: [CompletionPiece] = []
        for (index, samples) in completions.enumerated() {
            // Those that are not answered were computed all the same, as OpenAI counts them.
            usage.completionTokens += samples.reduce(0) { $0 + $1.completionTokens }
            for completion in best(of: samples) {
                choices.append(
                    CompletionPiece(
                        choice: choices.count, text: echo(index) + completion.text,
                        promptLogprobs: LogprobEntry.entries(of: prompts[index], completion.promptLogprobs),
                        logprobs: (completion.logprobs ?? []).map { LogprobEntry($0) },
                        finishReason: completion.finishReason.rawValue))
            }
        }
        return (form.whole(choices, usage: usage), usage)
    }

    /// All samples of each prompt, in order.
    private func generated() async throws -> [[Completion]] {
        if isEchoOnly {
            return prompts.map { prompt in
                [
                    Completion(
                        sample: 0, text: "", tokenIDs: [], finishReason: .length, promptTokens: prompt.count,
                        logprobs: nil)
                ]
            }
        }
        return try await withThrowingTaskGroup(of: (Int, [Completion]).self) { group in
            for index in prompts.indices {
                group.addTask { (index, try await completions(request(at: index))) }
            }
            return try await group.reduce(into: Array(repeating: [], count: prompts.count)) { $0[$1.0] = $1.1 }
        }
    }

    private func completions(_ request: GenerationRequest) async throws -> [Completion] {
        var completions: [Completion] = []
        for try await case .finished(let completion) in model.generate(request) { completions.append(completion) }
        // A stream that was cancelled just ends.
        try Task.checkCancellation()
        return completions.sorted { $0.sample < $1.sample }
    }

    /// The `n` samples that the model itself finds likeliest per token, the best first.
    private func best(of samples: [Completion]) -> [Completion] {
        guard picksBest else { return samples }
        func mean(_ completion: Completion) -> Float {
            let logprobs = completion.logprobs ?? []
            return logprobs.reduce(0) { $0 + $1.logprob } / Float(max(1, logprobs.count))
        }
        let rated = samples.map { (completion: $0, mean: mean($0)) }
        // Of equals the earlier sample, so that the answer is always the same.
        let sorted = rated.sorted {
            ($1.mean, $0.completion.sample) < ($0.mean, $1.completion.sample)
        }
        return sorted.prefix(wanted.options.n).map(\.completion)
    }
}
