import Basics
import Scheduler

@testable import Forms

/// A request as JSON, for what must be the same when it is read again.
extension ParserProperty {
    /// One prompt, or a list of several.
    static func written(_ prompts: [Prompt]) -> JSON {
        prompts.count == 1 ? written(prompts[0]) : .array(prompts.map { written($0) })
    }

    private static func written(_ prompt: Prompt) -> JSON {
        switch prompt {
        case .text(let text): .string(text)
        case .tokens(let ids): .array(ids.map { .integer($0.index) })
        }
    }

    /// Everything but a deadline, whose seconds need not be written as they were read.
    static func written(_ options: RequestOptions) -> [JSON.Member] {
        let p = options.parameters
        var members: [JSON.Member] = [
            .init(name: "max_tokens", value: .integer(p.maxTokens)),
            .init(name: "min_tokens", value: .integer(p.minTokens)),
            .init(name: "temperature", value: .float(p.temperature)), .init(name: "top_k", value: .integer(p.topK)),
            .init(name: "top_p", value: .float(p.topP)), .init(name: "min_p", value: .float(p.minP)),
            .init(name: "repetition_penalty", value: .float(p.repetitionPenalty)),
            .init(name: "presence_penalty", value: .float(p.presencePenalty)),
            .init(name: "frequency_penalty", value: .float(p.frequencyPenalty)),
            .init(name: "seed", value: .unsigned(p.seed)), .init(name: "ignore_eos", value: .bool(p.ignoreEOS)),
            .init(name: "stop", value: .array(p.stop.map { .string($0) })),
            .init(name: "stop_token_ids", value: .array(p.stopTokenIDs.map { .integer($0.index) })),
            .init(
                name: "logit_bias",
                value: .object(p.logitBias.map { .init(name: "\($0.key)", value: .float($0.value)) })),
            .init(name: "n", value: .integer(options.n)), .init(name: "priority", value: .integer(options.priority)),
            .init(name: "beams", value: .integer(p.beams.count)),
            .init(name: "length_penalty", value: .number(p.beams.lengthPenalty)),
            .init(name: "early_stopping", value: written(p.beams.earlyStopping)),
        ]
        if let logprobs = p.logprobs { members.append(.init(name: "logprobs", value: .integer(logprobs))) }
        return members
    }

    private static func written(_ value: BeamParameters.EarlyStopping) -> JSON {
        value == .never ? "never" : .bool(value == .yes)
    }
}
