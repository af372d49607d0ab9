// Load a model once, answer requests together, stream one of them.

import Parterre

let engine = try await Engine.load()  // or .directory(URL(filePath: "bloom-560m"))

var sampling = engine.samplingDefaults
sampling.maxTokens = 40
sampling.seed = 7

// Requests that are there at the same time share their steps; none of them can tell.
async let dog = engine.complete(GenerationRequest("The little dog", parameters: sampling))
async let cats = engine.complete(GenerationRequest("Two cats", parameters: sampling, n: 2))
for completion in try await dog + cats {
    print("\(completion.text) [\(completion.finishReason), \(completion.completionTokens) tokens]")
}

// Leaving the loop, or cancelling its task, cancels the request.
for try await case .token(let token) in engine.generate(GenerationRequest("Once upon a time", parameters: sampling)) {
    print(token.text, terminator: "")
}
print()
await engine.shutdown()
