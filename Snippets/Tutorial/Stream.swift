import Parterre

let engine = try await Engine.load()

let events = engine.generate(GenerationRequest("Once upon a time", parameters: engine.samplingDefaults))
for try await event in events {
    switch event {
    case .started(let promptTokens): print("[\(promptTokens) tokens]", terminator: " ")
    case .promptLogprobs: break
    case .token(let token): print(token.text, terminator: "")
    case .finished(let completion): print(" [\(completion.finishReason)]")
    }
}

await engine.shutdown()
