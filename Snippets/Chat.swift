// Chat with a model that has a chat template, or with one that is given a template.

import Foundation
import Parterre

var options = EngineOptions()
// A checkpoint's own template is read with it; this one has none.
options.chatTemplate = .file(URL(filePath: "chat.jinja"))
let engine = try await Engine.load(.directory(URL(filePath: "bloomz-560m")), options: options)

var chat = [
    ChatMessage(role: "system", content: "You are a gardener."),
    ChatMessage(role: "user", content: "What grows in a parterre?"),
]
var sampling = engine.samplingDefaults
sampling.maxTokens = 80
let answer = try await engine.complete(engine.request(for: chat, parameters: sampling))[0]
chat.append(ChatMessage(role: "assistant", content: answer.text))
await engine.shutdown()
