import Parterre

let engine = try await Engine.load()

let context = "Once upon a time, there was a little"
for ending in [" girl", " dog", " of"] {
    let score = try await engine.score(ending, after: context)
    print("\(ending): \(score.total), greedy: \(score.isGreedy)")
}

// Every token of a text, and what would have been likelier in its place.
let score = try await engine.score("The dog sat on the sun.", alternatives: 3)
for case let token? in score.logprobs {
    print(token.id, token.logprob, token.top.map(\.id))
}
print("perplexity \(score.perplexity)")

await engine.shutdown()
