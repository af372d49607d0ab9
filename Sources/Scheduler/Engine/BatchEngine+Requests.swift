import Basics
import Dispatch
import Models
import PagedCache
public import Tokenizers

extension BatchEngine {
    /// Tokens that the cache holds when one sequence has it alone.
    public var capacity: Int { scheduler.cache.tokenCapacity }
    /// Most sequences in one step.
    public var maxBatch: Int { scheduler.options.maxBatch }

    /// Take a request on. What is wrong with it, the stream throws.
    ///
    /// Ending the iteration early or cancelling its task cancels the request; its blocks are free within one step.
    public func generate(
        _ request: GenerationRequest, tokenizer: Tokenizer?
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        generate(request, tokenizer: tokenizer, context: .computed)
    }

    /// What becomes of a prompt, for measuring.
    package enum Context: Sendable {
        /// It is computed, but for what the cache has of it.
        case computed
        /// All of it is computed, and nothing of it kept for others.
        case computedAlone
        /// All but its last token counts as computed, with random keys and values (`PagedCache.pretend`).
        case random
    }

    package func generate(
        _ request: GenerationRequest, tokenizer: Tokenizer?, context: Context
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        do {
            let prompt = try promptTokens(of: request, tokenizer)
            let delivery = EventDelivery(capacity: scheduler.options.mostUnreadTokens)
            // Before the request is: who reads it must be there.
            let stream = delivery.stream()
            submit(request, prompt: prompt, tokenizer, context: context, delivery)
            return stream
        } catch {
            return AsyncThrowingStream { $0.finish(throwing: error) }
        }
    }

    private func promptTokens(of request: GenerationRequest, _ tokenizer: Tokenizer?) throws(RequestError) -> [TokenID]
    {
        try request.validateFields(vocabularySize: model.configuration.vocabularySize)
        let prompt: [TokenID]
        switch request.prompt {
        case .tokens(let ids): prompt = ids
        case .text(let text):
            guard let tokenizer else { throw .noTokenizer }
            prompt = tokenizer.encode(text)
        }
        try check(prompt, mustFitCache: false)
        // The last token is never fed back, so it takes no room.
        let (total, overflow) = (prompt.count - 1).addingReportingOverflow(max(1, request.parameters.maxTokens))
        guard !overflow, total <= capacity else {
            throw .tooLong(tokens: overflow ? Int.max : total, capacity: capacity)
        }
        try checkBeams(of: request, promptTokens: prompt.count)
        return prompt
    }

    private func submit(
        _ request: GenerationRequest, prompt: [TokenID], _ tokenizer: Tokenizer?, context: Context,
        _ delivery: EventDelivery
    ) {
        let parameters = request.parameters
        let end = endCondition(of: parameters)
        let stops = StopStrings(parameters.stop)
        let arrival = meter.reading()
        let deadline = request.deadline.map { now() + $0 }
        queue.async { [self] in
            if let requestRefusal { return delivery.finish(throwing: requestRefusal) }
            let id = nextArrival()
            let active = ActiveRequest(
                id: id, promptTokens: prompt.count, samples: request.n, deadline: deadline, meter: meter,
                arrival: arrival, delivery: delivery)
            let isRead = active.start { [weak self] in
                guard let self else { return }
                queue.async { self.cancel(id) }
            }
            active.label = request.label
            guard isRead else { return }
            if parameters.beams.isSearch {
                active.sequences = [
                    beams(
                        of: request, active, id: id, prompt: prompt, end, stops, tokenizer,
                        sharesPrefix: context == .computed)
                ]
                recorder?.take(active, label: request.label)
                return take(active)
            }
            active.sequences = (0..<request.n).map { index in
                let sampler = SequenceSampler(
                    parameters, sample: index, prompt: prompt, endTokens: end.endTokens,
                    vocabularySize: model.configuration.vocabularySize, kernels: model.kernels)
                let writer = SampleWriter(
                    sample: index, parameters: parameters, end: end, stops: stops,
                    detokenizer: tokenizer.map { StreamingDetokenizer($0) })
                let sequence = ScheduledSequence(
                    arrival: index == 0 ? id : nextArrival(), tokens: prompt,
                    purpose: .generate(Sample(request: active, sampler: sampler, writer: writer)),
                    sharesPrefix: context == .computed, tokenLimit: parameters.maxTokens, priority: request.priority,
                    deadline: deadline,
                    promptReport: index == 0 ? request.promptReport(promptTokens: prompt.count) : nil)
                sequence.speculation = speculator?.begin()
                return sequence
            }
            active.sequences[0].siblings = Array(active.sequences.dropFirst())
            recorder?.take(active, label: request.label)
            if context == .random, !pretend(active.sequences[0]) {
                return delivery.finish(throwing: RequestError.tooLong(tokens: prompt.count, capacity: capacity))
            }
            take(active)
        }
    }

    /// False when too few blocks are free.
    private func pretend(_ sequence: ScheduledSequence) -> Bool {
        guard scheduler.cache.reserve(sequence.tokens.count, for: &sequence.table) else { return false }
        scheduler.cache.pretend(sequence.tokens.count - 1, for: &sequence.table, crew: crew)
        return true
    }
}

extension GenerationRequest {
    /// What is to be said of the prompt, if anything.
    fileprivate func promptReport(promptTokens: Int) -> PromptReport? {
        promptLogprobs.map {
            PromptReport(promptTokens: promptTokens, first: promptLogprobsStart, alternatives: $0)
        }
    }
}
