import Parterre

let engine = try await Engine.load()

var parameters = engine.samplingDefaults
parameters.maxTokens = 40
parameters.temperature = 0.8
parameters.topP = 0.95
parameters.seed = 7
parameters.stop = ["\n"]

// Requests that are there at the same time share their steps; none of them can tell.
async let dog = engine.complete(GenerationRequest("The little dog", parameters: parameters))
async let cats = engine.complete(GenerationRequest("Two cats", parameters: parameters, n: 2))
for completion in try await dog + cats {
    print("\(completion.text) [\(completion.finishReason), \(completion.completionTokens) tokens]")
}

await engine.shutdown()
