import Forms
import Testing

@testable import Batches

@Suite("What a client asks of a batch")
struct BatchOrderTests {
    private func read(_ text: String) throws -> BatchOrder { try BatchOrder(json: Array(text.utf8)) }

    @Test("OpenAI's fields are read")
    func fields() throws {
        let order = try read(
            #"""
            {"input_file_id": "file-1", "endpoint": "/v1/completions", "completion_window": "24h",
             "metadata": {"k": "v"}, "output_expires_after": {"anchor": "created_at", "seconds": 3600}}
            """#)
        #expect(
            order
                == BatchOrder(
                    inputFile: FileID(rawValue: "file-1"), window: .day, metadata: ["k": "v"], resultsExpireAfter: 3600)
        )
    }

    @Test(
        "what cannot be served is refused by its field's name",
        arguments: [
            (#"{"endpoint": "/v1/completions", "completion_window": "24h"}"#, "input_file_id"),
            (#"{"input_file_id": 7, "endpoint": "/v1/completions", "completion_window": "24h"}"#, "input_file_id"),
            (#"{"input_file_id": "f", "endpoint": "/v1/embeddings", "completion_window": "24h"}"#, "endpoint"),
            (#"{"input_file_id": "f", "endpoint": "/v1/completions"}"#, "completion_window"),
            (
                #"{"input_file_id": "f", "endpoint": "/v1/completions", "completion_window": "soon"}"#,
                "completion_window"
            ),
            (#"{"input_file_id": "f", "endpoint": "/v1/completions", "completion_window": "1h", "x": 1}"#, "x"),
            (
                #"{"input_file_id": "f", "endpoint": "/v1/completions", "completion_window": "1h", "metadata": {"a": 1}}"#,
                "metadata"
            ),
            (
                #"{"input_file_id": "f", "endpoint": "/v1/completions", "completion_window": "1h", "output_expires_after": {"anchor": "created_at", "seconds": 5}}"#,
                "output_expires_after.seconds"
            ),
            ("[]", nil), ("{", nil),
        ])
    func refused(text: String, field: String?) {
        let error = #expect(throws: FieldError.self) { try read(text) }
        #expect(error?.field == field)
    }

    @Test("metadata are bounded")
    func metadata() {
        func order(_ metadata: String) -> String {
            #"{"input_file_id": "f", "endpoint": "/v1/completions", "completion_window": "1h", "metadata": {"#
                + metadata + "}}"
        }
        let pairs = (0..<16).map { #""k\#($0)": "v""# }
        #expect(throws: Never.self) { try read(order(pairs.joined(separator: ","))) }
        #expect(throws: FieldError.self) { try read(order((pairs + [#""k": "v""#]).joined(separator: ","))) }
        let long = String(repeating: "x", count: 64)
        #expect(throws: Never.self) { try read(order(#""\#(long)": "v""#)) }
        #expect(throws: FieldError.self) { try read(order(#""\#(long)x": "v""#)) }
        let longer = String(repeating: "x", count: 512)
        #expect(throws: Never.self) { try read(order(#""k": "\#(longer)""#)) }
        #expect(throws: FieldError.self) { try read(order(#""k": "\#(longer)x""#)) }
    }

    @Test(
        "a window is a number of minutes, hours or days",
        arguments: [
            ("24h", 86_400), ("1m", 60), ("30d", 2_592_000), ("720h", 2_592_000), ("31d", nil), ("0h", nil), ("h", nil),
            ("", nil), ("-1h", nil), ("+1h", nil), ("1.5h", nil), ("24", nil), ("24 h", nil), ("1w", nil),
            ("9999999999999999999h", nil),
        ])
    func window(text: String, seconds: Int?) { #expect(CompletionWindow(text)?.seconds == seconds) }
}
