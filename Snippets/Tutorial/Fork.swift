import Parterre

let engine = try await Engine.load()

var story = try await engine.session("Lily and Tom went to the park.")
story.parameters.maxTokens = 24
let more = try await story.complete()
story.append(more)

// A session is a value: a copy is a fork. What both have in common is computed once.
var happy = story.fork()
var sad = story
try happy.append(" They found a big box. In the box was")
try sad.append(" Then it began to rain, and")
// Both are under way before the first is read.
for events in [happy.generate(), sad.generate()] {
    for try await case .token(let token) in events { print(token.text, terminator: "") }
    print()
}

await engine.shutdown()
