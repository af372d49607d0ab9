import Parterre

let engine = try await Engine.load()

let tokens = engine.tokenizer?.encode("Once upon a time") ?? []
for mode in LogitsMode.allCases {
    try await engine.logits(of: [tokens], mode: mode, lastOnly: true) { _, _, logits in
        print(mode, logits[0].bitPattern, logits[1].bitPattern)
    }
}

await engine.shutdown()
