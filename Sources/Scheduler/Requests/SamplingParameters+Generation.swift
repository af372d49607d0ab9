public import Models

extension SamplingParameters {
    /// What a checkpoint's `generation_config.json` recommends, as `transformers` reads it: with `do_sample` its
    /// temperature and filters, greedy otherwise; what it does not say stays at this library's defaults.
    public init(_ generation: GenerationConfiguration) {
        self.init()
        if generation.doSample == true {
            temperature = Float(generation.temperature ?? 1)
            topK = generation.topK ?? topK
            topP = generation.topP.map(Float.init) ?? topP
            minP = generation.minP.map(Float.init) ?? minP
        }
        repetitionPenalty = generation.repetitionPenalty.map(Float.init) ?? repetitionPenalty
        maxTokens = generation.maxNewTokens ?? maxTokens
        minTokens = generation.minNewTokens ?? minTokens
    }
}
