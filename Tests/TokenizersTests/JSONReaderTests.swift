import Testing

@testable import Tokenizers

@Suite("JSON reader")
struct JSONReaderTests {
    private func parse(_ text: String) throws -> JSONValue {
        var reader = JSONReader(Array(text.utf8))
        let value = try reader.readValue()
        try reader.expectEnd()
        return value
    }

    @Test("values of every kind are read")
    func reads() throws {
        let value = try parse(
            #" {"a" : [ 1 , -2.5e1, true,false,null, "" ], "b":{}, "c":[[]], "é\u0120\ud83d\ude00\n\/\"\\": "\b\f\r\t"} "#
        )
        #expect(value["a"] == .array([.number(1), .number(-25), .bool(true), .bool(false), .null, .string("")]))
        #expect(value["b"] == .object([:]))
        #expect(value["c"] == .array([.array([])]))
        #expect(value["éĠ😀\n/\"\\"] == .string("\u{8}\u{C}\r\t"))
    }

    @Test(
        "what RFC 8259 does not allow is refused",
        arguments: [
            "", "{", "[", "\"", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "[1,]", "[,1]", "[1 2]",
            "{\"a\":1 \"b\":2}", "{1:2}",
            "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "tru", "nulll", "True", "'a'", "1 1",
            "[1]]", "{]",
            "[}", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "\"a\nb\"", "\"\t\"", "{\"a\":1,\"a\":2}", "\u{FEFF}1", "// comment\n1", "\"\\", "\"\\u",
        ])
    func refuses(_ text: String) {
        #expect(throws: JSONReader.Failure.self) { try parse(text) }
    }

    @Test("a failure knows its byte")
    func offsets() {
        #expect(throws: JSONReader.Failure(offset: 4, reason: "a value is expected here")) { try parse("[1, x]") }
        #expect(throws: JSONReader.Failure(offset: 2, reason: "the text ends before a closing bracket")) {
            try parse("[1")
        }
    }

    @Test("deep nesting is refused instead of exhausting the stack")
    func nesting() throws {
        _ = try parse(String(repeating: "[", count: 128) + String(repeating: "]", count: 128))
        #expect(throws: JSONReader.Failure.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        var reader = JSONReader(Array(String(repeating: "[", count: 1_000_000).utf8))
        #expect(throws: JSONReader.Failure.self) { try reader.skipValue() }
    }

    @Test("bytes that are not UTF-8 are refused where a text is made of them")
    func notUTF8() {
        var reader = JSONReader([0x22, 0xC3, 0x28, 0x22])
        #expect(throws: JSONReader.Failure.self) { try reader.readText() }
    }

    @Test("integers keep 64 bits and nothing else is one")
    func integers() throws {
        for (text, expected) in [
            ("9223372036854775807", Int.max), ("-7", -7), ("0", 0), ("9223372036854775808", nil), ("1.0", nil),
            ("1e3", nil),
        ] as [(String, Int?)] {
            var reader = JSONReader(Array(text.utf8))
            #expect(try reader.readInteger() == expected)
        }
    }
}
