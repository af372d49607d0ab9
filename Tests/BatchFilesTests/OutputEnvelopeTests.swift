import Forms
import Testing

@testable import BatchFiles

@Suite("Lines of a batch's results")
struct OutputEnvelopeTests {
    @Test("are known again, whether answered, refused or not tried")
    func records() {
        let envelope = OutputEnvelope(customID: .string("r"))
        func record(_ json: JSON) -> OutputRecord? { OutputRecord(Array(json.line.utf8)) }
        #expect(record(envelope.response(status: 200, body: .object(["id": "x"]))) == .answer(.string("r")))
        let refusal = ErrorAnswer(message: "no").json(line: 7)
        #expect(record(envelope.response(status: 400, body: refusal)) == .failure(.string("r"), line: 7))
        let untried = envelope.untried(code: "batch_expired", message: "late", line: 8)
        #expect(record(untried) == .failure(.string("r"), line: 8))
    }

    @Test("count as done by id and line")
    func finished() {
        var output = FinishedWork()
        output.add(.answer(.string("a")))
        var errors = FinishedWork()
        errors.add(.failure(.string("b"), line: 2))
        output.addLines(of: errors)
        #expect(output.answerCount == 1 && output.failureCount == 1)
        #expect(output.covers(.string("a"), line: 1) && output.covers(.string("b"), line: 2))
        #expect(!output.covers(.string("b"), line: 3) && !output.covers(.string("c"), line: 2))
        #expect(!output.covers(nil, line: 2))
    }
}
