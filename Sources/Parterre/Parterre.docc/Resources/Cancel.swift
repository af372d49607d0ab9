import Parterre

let engine = try await Engine.load()

// Leaving the loop cancels the request: its blocks of the cache are free within one step.
var characters = 0
for try await case .token(let token) in engine.generate(GenerationRequest("Once upon a time")) {
    print(token.text, terminator: "")
    characters += token.text.count
    if characters > 60 { break }
}
print()

// So does cancelling the task that waits.
let task = Task { try await engine.complete(GenerationRequest("Two cats")) }
task.cancel()
do {
    print(try await task.value[0].text)
} catch is CancellationError {
    print("cancelled")
}

await engine.shutdown()
