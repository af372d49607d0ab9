import Foundation
import Parterre
import TestSupport
import Testing

@testable import ParterreServer

@Suite("GET /tokenizer_info")
struct TokenizerInfoTests {
    @Test("names the class and the special tokens, which are those of /tokenize")
    func bundled() async throws {
        try await TestServer.run { server in
            let info = try await server.get("/tokenizer_info").json
            #expect(info["tokenizer_class"] as? String == "PreTrainedTokenizerFast")
            let end = try #require(info["eos_token"] as? String)
            let ids = try await server.post("/tokenize", #"{"prompt": "\#(end)", "add_special_tokens": false}"#).json
            #expect(ids["tokens"] as? [Int] == [server.engine.configuration.eosTokenIDs[0]])
        }
    }

    @Test("says what the model's file says, each token as its text, and nothing of the publisher's files")
    func file() async throws {
        let folder = try TemporaryDirectory()
        try Data(
            #"""
            {"tokenizer_class": "BloomTokenizerFast", "eos_token": {"__type": "AddedToken", "content": "</e>"},
             "padding_side": "left", "vocab_file": "/home/me/vocab.json", "name_or_path": "/home/me", "model_max_length": 5}
            """#.utf8
        ).write(to: folder.url.appending(path: "tokenizer_config.json"))
        let engine = try await Engine.load(options: TestServer.engineOptions)
        let json = TokenizerInfo(directory: folder.url, engine: engine).json
        await engine.shutdown()
        let info = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(info["tokenizer_class"] as? String == "BloomTokenizerFast" && info["eos_token"] as? String == "</e>")
        #expect(info["padding_side"] as? String == "left" && info["model_max_length"] as? Int == 5)
        #expect(info["vocab_file"] == nil && info["name_or_path"] == nil)
    }
}
