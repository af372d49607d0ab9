import Parterre

// The small bundled model; a checkpoint's folder is .directory(URL(filePath: "bloom-560m")).
let engine = try await Engine.load()

var request = GenerationRequest("Once upon a time")
request.parameters.maxTokens = 40
for completion in try await engine.complete(request) {
    print(completion.text)
}

await engine.shutdown()
