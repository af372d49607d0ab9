import Foundation
import Parterre
import TestSupport
import Testing

@Suite struct SamplingDefaultsTests {
    private func defaults(_ file: String?) throws -> SamplingParameters {
        let folder = try TemporaryDirectory()
        if let file { try Data(file.utf8).write(to: folder.url.appending(path: "generation_config.json")) }
        return try ModelSource.directory(folder.url).samplingDefaults()
    }

    @Test("without generation_config.json, or without do_sample in it, text is greedy")
    func greedy() throws {
        #expect(try defaults(nil) == SamplingParameters())
        #expect(try defaults(#"{"eos_token_id": 2, "temperature": 0.5, "top_k": 9}"#) == SamplingParameters())
    }

    @Test("with do_sample its filters are the defaults")
    func sampled() throws {
        var expected = SamplingParameters()
        expected.temperature = 0.5
        expected.topK = 9
        expected.repetitionPenalty = 1.5
        expected.maxTokens = 7
        let file =
            #"{"do_sample": true, "temperature": 0.5, "top_k": 9, "repetition_penalty": 1.5, "max_new_tokens": 7}"#
        #expect(try defaults(file) == expected)
        #expect(try defaults(#"{"do_sample": true}"#).temperature == 1)
    }

    @Test("a broken file is an error that names it")
    func broken() {
        #expect { try defaults("{") } throws: { "\($0)".contains("generation_config.json") }
    }
}
