import BatchFiles
import Foundation
import TestSupport
import Testing

@testable import Batches

@Suite("A batch's input before it is answered")
struct InputCheckTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func check(_ text: String, _ limits: StorageLimits = StorageLimits()) async throws -> BatchEvent {
        let path = folder.url.appending(path: "in.jsonl").path
        try Data(text.utf8).write(to: URL(filePath: path))
        var check = InputCheck(endpoint: .completions, limits: limits)
        return try await check.run(InputLines(InputFile(path)))
    }

    private static func line(_ id: String, _ body: String = #"{"prompt": "x"}"#) -> String {
        #"{"custom_id": "\#(id)", "method": "POST", "url": "/v1/completions", "body": \#(body)}"# + "\n"
    }

    @Test("good lines are counted, blank ones are not, and a body is nobody's business yet")
    func good() async throws {
        let text =
            "\u{FEFF}" + Self.line("a") + "\n  \r\n" + Self.line("b", #"{"temperature": "warm"}"#)
            + Self.line("c").dropLast()
        #expect(try await check(text) == .accepted(requests: 3))
    }

    @Test(
        "what is wrong with a line is told with its number and field",
        arguments: [
            ("{", BatchFault.Code.invalidJSON, nil), ("5", .invalidJSON, nil),
            (#"{"method": "POST", "url": "/v1/completions", "body": {}}"#, .missingParameter, "custom_id"),
            (#"{"custom_id": "x", "url": "/v1/completions", "body": {}}"#, .missingParameter, "method"),
            (#"{"custom_id": "x", "method": "POST", "body": {}}"#, .missingParameter, "url"),
            (#"{"custom_id": "x", "method": "POST", "url": "/v1/completions"}"#, .missingParameter, "body"),
            (
                #"{"custom_id": "x", "method": "POST", "url": "/v1/completions", "body": null}"#, .missingParameter,
                "body"
            ),
            (#"{"custom_id": 7, "method": "POST", "url": "/v1/completions", "body": {}}"#, .invalidValue, "custom_id"),
            (#"{"custom_id": "", "method": "POST", "url": "/v1/completions", "body": {}}"#, .invalidValue, "custom_id"),
            (#"{"custom_id": "x", "method": "GET", "url": "/v1/completions", "body": {}}"#, .invalidValue, "method"),
            (
                #"{"custom_id": "x", "method": "POST", "url": "/v1/embeddings", "body": {}}"#, .mismatchedEndpoint,
                "url"
            ),
            (#"{"custom_id": "x", "method": "POST", "url": "/v1/completions", "body": []}"#, .invalidValue, "body"),
            (
                #"{"custom_id": "x", "method": "POST", "url": "/v1/completions", "body": {}, "bodi": {}}"#,
                .unknownParameter, "bodi"
            ),
            (String(line("a").dropLast()), .duplicateID, "custom_id"),
        ])
    func faults(text: String, code: BatchFault.Code, param: String?) async throws {
        let event = try await check(Self.line("a") + "\n" + text + "\n" + Self.line("b"))
        guard case .failed(let faults) = event, let fault = faults.first else {
            Issue.record("\(event)")
            return
        }
        #expect(faults.count == 1)
        #expect(fault.code == code && fault.param == param && fault.line == 3, "\(fault)")
    }

    @Test("all bad lines are told, up to a number")
    func many() async throws {
        guard case .failed(let some) = try await check("{\n" + Self.line("a") + "{\n") else { return }
        #expect(some.map(\.line) == [1, 3])
        guard case .failed(let most) = try await check(String(repeating: "{\n", count: 1000)) else { return }
        #expect(most.count == InputCheck.mostFaults)
    }

    @Test("an empty input, too many lines and too long ones are refused")
    func limits() async throws {
        var limits = StorageLimits()
        limits.requests = 2
        limits.lineBytes = 100
        func codes(_ text: String) async throws -> [BatchFault.Code] {
            guard case .failed(let faults) = try await check(text, limits) else { return [] }
            return faults.map(\.code)
        }
        #expect(try await codes("") == [.emptyFile])
        #expect(try await codes("\n \n") == [.emptyFile])
        #expect(try await codes(Self.line("a") + Self.line("b")) == [])
        #expect(try await codes(Self.line("a") + Self.line("b") + Self.line("c")) == [.tooManyRequests])
        let long = #"{"prompt": "\#(String(repeating: "x", count: 100))"}"#
        #expect(try await codes(Self.line("a", long)) == [.lineTooLong])
    }
}
