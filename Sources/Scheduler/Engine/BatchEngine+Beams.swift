import Basics
import Models
import PagedCache
import Tokenizers

extension BatchEngine {
    /// - Throws: `RequestError` when the request's beams can never run together.
    func checkBeams(of request: GenerationRequest, promptTokens: Int) throws(RequestError) {
        let parameters = request.parameters
        let beams = parameters.beams.count
        guard parameters.beams.isSearch else { return }
        guard beams <= scheduler.options.maxBatch else {
            throw .invalid(
                field: "beams",
                reason: "\(beams) beams need as many places in the batch, but it has \(scheduler.options.maxBatch): "
                    + "ask for fewer or give --max-batch more")
        }
        let most = BeamSearch.mostBeams(
            vocabularySize: model.configuration.vocabularySize, endTokens: endCondition(of: parameters).endTokens.count)
        guard beams <= most else {
            throw .invalid(
                field: "beams",
                reason:
                    "the model's vocabulary and end tokens leave choices for \(most) beams, but \(beams) are asked for")
        }
        // The prompt's whole blocks are shared; what follows each beam may come to hold alone.
        let cache = scheduler.cache
        let shared = promptTokens / cache.blockTokens
        let own = cache.blocks(forTokens: promptTokens - 1 + parameters.maxTokens) - shared
        let (all, overflow) = own.multipliedReportingOverflow(by: beams)
        guard !overflow, shared + all <= cache.blockCount else {
            throw .tooWide(beams: beams, blocks: overflow ? Int.max : shared + all, capacity: cache.blockCount)
        }
    }

    func endCondition(of parameters: SamplingParameters) -> EndCondition {
        EndCondition(parameters, modelEndTokens: model.configuration.eosTokenIDs.map(TokenID.init))
    }

    /// The sequence that a search begins with.
    func beams(
        of request: GenerationRequest, _ active: ActiveRequest, id: Int, prompt: [TokenID], _ end: EndCondition,
        _ stops: StopStrings, _ tokenizer: Tokenizer?, sharesPrefix: Bool
    ) -> ScheduledSequence {
        let group = BeamGroup(
            request, request: active, prompt: prompt, end: end, stops: stops, tokenizer: tokenizer,
            vocabularySize: model.configuration.vocabularySize)
        return ScheduledSequence(
            arrival: id, tokens: prompt, purpose: .beam(group, member: 0), sharesPrefix: sharesPrefix,
            tokenLimit: request.parameters.maxTokens, priority: request.priority, deadline: active.deadline)
    }
}
