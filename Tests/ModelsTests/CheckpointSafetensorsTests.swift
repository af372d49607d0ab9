import Foundation
import TestSupport
import Testing

@testable import Models

/// A file that breaks the format, and what the sentence about it must say.
struct BrokenFile: Sendable, CustomTestStringConvertible {
    let what: String
    let bytes: [UInt8]
    let phrase: String

    var testDescription: String { what }

    init(_ what: String, _ bytes: [UInt8], _ phrase: String) {
        self.what = what
        self.bytes = bytes
        self.phrase = phrase
    }

    /// Around a header text.
    init(_ what: String, _ header: String, data: Int = 0, _ phrase: String) {
        self.init(what, safetensors(header: header, data: Array(repeating: 7, count: data)), phrase)
    }

    /// Around the description of one tensor called `a`.
    init(_ what: String, tensor: String, data: Int = 8, _ phrase: String) {
        self.init(what, "{\"a\":{\(tensor)}}", data: data, phrase)
    }

    private static let two = #""dtype":"F32","shape":[2]"#
    private static func length(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

    static let sizes = [
        BrokenFile("empty", [], "it has 0 bytes, not even a header length"),
        BrokenFile("seven bytes", Array(repeating: 0, count: 7), "it has 7 bytes, not even a header length"),
        BrokenFile("eight bytes, header of none", length(0), "the header does not begin with {"),
        BrokenFile("header length 2^63", length(1 << 63), "its header would be 9223372036854775808 bytes long"),
        BrokenFile("header length all ones", length(.max), "its header would be 18446744073709551615 bytes long"),
        BrokenFile("header length just too large", length(100_000_001), "its header would be 100000001 bytes long"),
        BrokenFile(
            "header cut off", length(100) + Array("{}".utf8),
            "the file is cut off: its header has 100 bytes, but only 2"),
        BrokenFile("a pickle", [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20], "this is no safetensors file"),
        BrokenFile("a web page", Array("<!DOCTYPE html><html></html>".utf8), "this is no safetensors file"),
        BrokenFile(
            "a Git LFS pointer", Array("version https://git-lfs.github.com/spec/v1".utf8), "this is no safetensors file"
        ),
    ]

    static let syntax = [
        BrokenFile("space in front", " {}", "the header does not begin with {"),
        BrokenFile("an array", "[]", "the header does not begin with {"),
        BrokenFile("open object", "{", "the header ends where"),
        BrokenFile("open string", "{\"a", "the header ends inside a string"),
        BrokenFile("open escape", "{\"a\\", "the header ends inside a string"),
        BrokenFile("bad escape", #"{"\x":{}}"#, "not valid JSON in UTF-8 at byte 2"),
        BrokenFile("half a surrogate pair", #"{"\ud800":{}}"#, "not valid JSON in UTF-8 at byte 2"),
        BrokenFile("a line break in a string", "{\"a\nb\":{}}", "no control character in a string"),
        BrokenFile("no colon", #"{"a" {}}"#, "\":\" should be at byte 5"),
        BrokenFile("no comma", #"{"__metadata__":{} "a":{}}"#, "should be at byte 19"),
        BrokenFile("trailing comma", #"{"__metadata__":{},}"#, "should be at byte 19"),
        BrokenFile("something behind", "{}{}", "the header goes on behind its last }"),
        BrokenFile("a bare word", "{a:1}", "should be at byte 1"),
        BrokenFile("a comment", "{/**/}", "should be at byte 1"),
        BrokenFile("metadata that is no string", #"{"__metadata__":{"a":1}}"#, "should be at byte 21"),
        BrokenFile("metadata that nests", #"{"__metadata__":{"a":{}}}"#, "should be at byte 21"),
        BrokenFile("metadata twice", #"{"__metadata__":{},"__metadata__":{}}"#, "the key \"__metadata__\" twice"),
        BrokenFile("a nesting bomb", "{\"a\":" + String(repeating: "[", count: 1_000_000), "should be at byte 5"),
        BrokenFile(
            "an object bomb", String(repeating: "{\"a\":", count: 200_000), "tensor \"a\" has the field \"a\", unknown"),
        BrokenFile(
            "bytes that are no UTF-8",
            length(11) + Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":{}}   ".utf8).prefix(7),
            "not valid JSON in UTF-8"),
    ]

    static let descriptions = [
        BrokenFile(
            "ten thousand dimensions",
            tensor: "\"dtype\":\"F32\",\"shape\":[\(Array(repeating: "2", count: 10_000).joined(separator: ","))],"
                + "\"data_offsets\":[0,8]", "has the impossible shape [2, 2, 2, 2, 2, 2, 2, 2, …] for F32"),
        BrokenFile("a tensor that is no object", #"{"a":1}"#, "should be at byte 5"),
        BrokenFile("no dtype", tensor: #""shape":[2],"data_offsets":[0,8]"#, "tensor \"a\" has no dtype"),
        BrokenFile("no shape", tensor: #""dtype":"F32","data_offsets":[0,8]"#, "tensor \"a\" has no shape"),
        BrokenFile("no offsets", tensor: two, "tensor \"a\" has no data_offsets"),
        BrokenFile(
            "a field twice", tensor: #""dtype":"F32",\#(two),"data_offsets":[0,8]"#,
            "tensor \"a\" has the field \"dtype\", unknown or for the second time"),
        BrokenFile(
            "an unknown field", tensor: two + #","data_offsets":[0,8],"x":1"#,
            "tensor \"a\" has the field \"x\", unknown"),
        BrokenFile(
            "an unknown type", tensor: #""dtype":"F31","shape":[2],"data_offsets":[0,8]"#,
            "tensor \"a\" has the unknown type \"F31\""),
        BrokenFile(
            "a type in small letters", tensor: #""dtype":"f32","shape":[2],"data_offsets":[0,8]"#,
            "tensor \"a\" has the unknown type \"f32\""),
        BrokenFile(
            "a negative dimension", tensor: #""dtype":"F32","shape":[-2],"data_offsets":[0,8]"#,
            "a whole number, 0 or more should be at byte"),
        BrokenFile(
            "a fractional dimension", tensor: #""dtype":"F32","shape":[2.0],"data_offsets":[0,8]"#, "should be at byte"),
        BrokenFile(
            "a dimension with an exponent", tensor: #""dtype":"F32","shape":[2e0],"data_offsets":[0,8]"#,
            "should be at byte"),
        BrokenFile("a leading zero", tensor: #""dtype":"F32","shape":[02],"data_offsets":[0,8]"#, "should be at byte"),
        BrokenFile(
            "a dimension of 2^64", tensor: #""dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]"#,
            "a number in the header is too large"),
        BrokenFile(
            "a product that wraps to 8 bytes",
            tensor: #""dtype":"F32","shape":[4611686018427387906,1],"data_offsets":[0,8]"#, "has the impossible shape"),
        BrokenFile(
            "dimensions whose product wraps",
            tensor: #""dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]"#, "has the impossible shape"
        ),
        BrokenFile(
            "a wrapping product times zero",
            tensor: #""dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]"#, data: 0,
            "has the impossible shape"),
        BrokenFile(
            "half bytes", tensor: #""dtype":"F4","shape":[3],"data_offsets":[0,2]"#, data: 2,
            "has the impossible shape [3] for F4"),
        BrokenFile("one offset", tensor: two + #","data_offsets":[0]"#, "tensor \"a\" has 1 data_offsets, not two"),
        BrokenFile(
            "three offsets", tensor: two + #","data_offsets":[0,8,8]"#, "tensor \"a\" has 3 data_offsets, not two"),
        BrokenFile(
            "offsets the wrong way", tensor: two + #","data_offsets":[8,0]"#, "ends at byte 0, before it begins at 8"),
        BrokenFile(
            "fewer bytes than the shape", tensor: two + #","data_offsets":[0,4]"#, data: 4,
            "tensor \"a\" takes 4 bytes, but [2] of F32 needs 8"),
        BrokenFile(
            "more bytes than the shape", tensor: two + #","data_offsets":[0,12]"#, data: 12,
            "tensor \"a\" takes 12 bytes, but [2] of F32 needs 8"),
        BrokenFile(
            "data cut off", tensor: two + #","data_offsets":[0,8]"#, data: 7,
            "tensor \"a\" ends at byte 8 of the data, but the file is cut off after 7"),
        BrokenFile(
            "offsets near 2^63",
            tensor: #""dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]"#,
            "tensor \"a\" ends at byte 9223372036854775807 of the data"),
        BrokenFile("bytes behind", tensor: two + #","data_offsets":[0,8]"#, data: 9, "1 bytes follow the last tensor"),
        BrokenFile(
            "bytes in front", tensor: two + #","data_offsets":[4,12]"#, data: 12,
            "leaves a gap of 4 bytes in front of it"),
        BrokenFile("data without tensors", "{}", data: 5, "5 bytes follow the last tensor"),
        BrokenFile(
            "a name twice", #"{"a":{\#(two),"data_offsets":[0,8]},"a":{\#(two),"data_offsets":[8,16]}}"#, data: 16,
            "the header has the key \"a\" twice"),
        BrokenFile(
            "a name twice, once escaped",
            #"{"a":{\#(two),"data_offsets":[0,8]},"\u0061":{\#(two),"data_offsets":[8,16]}}"#, data: 16,
            "the header has the key \"a\" twice"),
        BrokenFile(
            "tensors that overlap", #"{"a":{\#(two),"data_offsets":[0,8]},"b":{\#(two),"data_offsets":[4,12]}}"#,
            data: 12, "tensor \"b\" overlaps tensor \"a\""),
        BrokenFile(
            "tensors in one place", #"{"a":{\#(two),"data_offsets":[0,8]},"b":{\#(two),"data_offsets":[0,8]}}"#,
            data: 8, "overlaps tensor"),
        BrokenFile(
            "a gap between tensors", #"{"a":{\#(two),"data_offsets":[0,8]},"b":{\#(two),"data_offsets":[9,17]}}"#,
            data: 17, "tensor \"b\" leaves a gap of 1 bytes in front of it"),
    ]
}

@Suite("A safetensors file")
struct CheckpointSafetensorsTests {
    private func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
        let directory = try TemporaryDirectory()
        try directory.write(bytes, "model.safetensors")
        return try SafetensorsFile(path: directory.path("model.safetensors"))
    }

    @Test(
        "that breaks the format is refused in one sentence that names it",
        arguments: BrokenFile.sizes + BrokenFile.syntax + BrokenFile.descriptions)
    func broken(file: BrokenFile) {
        let error = #expect(throws: CheckpointError.self) { try open(file.bytes) }
        let message = error?.message ?? ""
        #expect(message.contains("/model.safetensors: "), "\(message)")
        #expect(message.contains(file.phrase), "\(message)")
        #expect(message.count < 600 && !message.contains("\n"))
    }

    @Test("may be spaced, escaped, ordered and empty as JSON and the format allow")
    func unusual() throws {
        #expect(try open(safetensors(header: "{}")).entries.isEmpty)
        #expect(try open(safetensors(header: "{ \"__metadata__\" : { } }  \n")).entries.isEmpty)
        let header = """
            {"b\\u00e9\\n":{"data_offsets":[2, 6],"shape":[ ],"dtype":"F32"} ,\t"none":{"dtype":"I64","shape":[3,0,7],
            "data_offsets":[2,2]}, "a":{"dtype":"F4","shape":[2,2],"data_offsets":[0,2]}}
            """
        let entries = try open(safetensors(header: header, data: [1, 2, 3, 4, 5, 6])).entries
        #expect(entries.map(\.name) == ["a", "none", "bé\n"])
        #expect(entries.map(\.range.count) == [2, 0, 4])
        #expect(entries.map(\.shape) == [[2, 2], [3, 0, 7], []])
    }

    @Test("tells names apart that Unicode calls equal")
    func canonicallyEqualNames() throws {
        let field = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        let entries = try open(safetensors(header: "{\"\u{e9}\":\(field),\"e\u{301}\":\(field)}")).entries
        #expect(entries.count == 2)
    }

    @Test("of each type takes the bytes that the type needs", arguments: ElementType.allCases)
    func types(type: ElementType) throws {
        func file(_ size: Int) -> [UInt8] {
            safetensors([
                TestTensor(name: "a", type: type.rawValue, shape: [4, 2], bytes: Array(repeating: 0, count: size))
            ])
        }
        #expect(try open(file(type.bits)).entries[0].range.count == type.bits)
        #expect(throws: CheckpointError.self) { try open(file(type.bits + 1)) }
        #expect(throws: CheckpointError.self) { try open(file(type.bits - 1)) }
    }

    @Test("with ten thousand entries is read in passing")
    func manyEntries() throws {
        let count = 10_000
        let fields = (0..<count).map { "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\($0),\($0 + 1)]}" }
        let header = "{\(fields.reversed().joined(separator: ","))}"
        let entries = try open(safetensors(header: header, data: Array(repeating: 0, count: count))).entries
        #expect(entries.count == count)
        #expect(entries.last?.name == "9999")
    }

    @Test("cannot send control characters or endless names to a terminal")
    func hostileNames() throws {
        let name = "\\u001b[31m\\u202e" + String(repeating: "x", count: 10_000)
        let header = "{\"\(name)\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}}"
        let error = #expect(throws: CheckpointError.self) { try open(safetensors(header: header)) }
        let message = error?.message ?? ""
        #expect(message.contains("\\u{1B}[31m\\u{202E}xxx"), "\(message)")
        #expect(message.count < 600)
        #expect(!message.unicodeScalars.contains("\u{1b}"))
    }
}
