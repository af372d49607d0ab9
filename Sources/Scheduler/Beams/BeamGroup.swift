import Basics
import Kernels
import Models
import Tokenizers

/// A request's beams, which step together, and the search that leads them.
final class BeamGroup {
    /// How a sequence goes on.
    struct Branch {
        /// Which of the sequences so far it continues, and with what.
        var parent: Int
        var token: TokenID
    }

    unowned let request: ActiveRequest
    /// Most sequences that run at a time.
    var width: Int { members.count }
    let members: [BeamMember]
    private var search: BeamSearch
    private var running = 1
    private let returned: Int
    private let writer: (_ sample: Int) -> SampleWriter<StreamingDetokenizer>

    /// - Parameter tokenizer: `nil` if the model has none; the texts are then empty.
    init(
        _ generation: GenerationRequest, request: ActiveRequest, prompt: [TokenID], end: EndCondition,
        stops: StopStrings, tokenizer: Tokenizer?, vocabularySize: Int
    ) {
        let parameters = generation.parameters
        self.request = request
        returned = generation.n
        writer = { sample in
            SampleWriter(
                sample: sample, parameters: parameters, end: end, stops: stops,
                detokenizer: tokenizer.map { StreamingDetokenizer($0) })
        }
        let search = BeamSearch(
            parameters.beams, maxTokens: parameters.maxTokens, endTokens: end.endTokens.count)
        // Until the end a beam needs its text only for stop strings.
        let beam = Beam(
            writer: SampleWriter(
                sample: 0, parameters: parameters, end: end, stops: stops,
                detokenizer: parameters.stop.isEmpty ? nil : tokenizer.map { StreamingDetokenizer($0) }),
            adjustments: LogitAdjustments(
                parameters, prompt: prompt, endTokens: end.endTokens, vocabularySize: vocabularySize))
        self.search = search
        members = (0..<parameters.beams.count).map { _ in
            BeamMember(beam: beam, search: search, parameters: parameters)
        }
    }

    /// Take the step that all running members have ranked their continuations for: the branches of the next step, or `nil`
    /// when the search has ended and its texts are delivered.
    func advance() -> [Branch]? {
        let beams = search.advance(members[..<running].map(\.beam), members[..<running].map(\.candidates))
        running = beams.count
        if beams.isEmpty {
            deliver()
            return nil
        }
        return zip(members, beams).map { member, beam in
            member.beam = beam
            guard let token = beam.lastToken else { preconditionFailure("a beam goes on with a token") }
            return Branch(parent: beam.parent, token: token)
        }
    }

    /// The best texts, token by token as other texts come, and their completions.
    private func deliver() { deliver(search.hypotheses) }

    /// End the search before its end: those of its texts that have ended, then its beams as they are, the best first.
    func breakOff(_ reason: FinishReason) {
        let beams = members[..<running].map { search.hypothesis($0.beam) }
        let unbegun = Array(repeating: beams[0], count: max(0, returned - search.hypotheses.count - beams.count))
        deliver(search.hypotheses + beams + unbegun, brokenOff: reason)
    }

    private func deliver(_ hypotheses: [BeamSearch.Hypothesis], brokenOff reason: FinishReason? = nil) {
        for (sample, hypothesis) in hypotheses.prefix(returned).enumerated() {
            var writer = writer(sample)
            let written = hypothesis.beam.writer
            for (place, id) in written.tokenIDs.enumerated() {
                let token = SampledToken(id: id, logprob: written.logprobs?[place])
                request.delivery.yield(.token(writer.append(token)))
            }
            var noTokensBefore: Int64?
            if writer.generated > 0 { request.meter.noteTokens(of: request, last: &noTokensBefore) }
            let whole = writer.completion(promptTokens: request.promptTokens)
            guard var completion = whole ?? reason.map({ writer.end($0, promptTokens: request.promptTokens) }) else {
                preconditionFailure("a hypothesis has ended")
            }
            completion.beam = BeamScore(cumulativeLogprob: hypothesis.beam.score, score: hypothesis.score)
            _ = request.finish(completion)
        }
        request.delivery.finish()
    }
}
