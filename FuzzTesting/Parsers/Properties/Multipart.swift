import Basics
import Foundation

@testable import Forms

/// The form of an upload: its content type, then its body. What is read of it is the same wherever the body is cut, and the same
/// again when it is written and read once more; no part's body holds the boundary.
public enum Multipart: ParserProperty {
    struct Part: Equatable {
        var head: PartHead
        var body: [UInt8] = []
        var isWhole = false
    }

    /// What a parser says of a body, the pieces of each part put together.
    struct Outcome: Equatable {
        var parts: [Part] = []
        var error: MultipartError?
    }

    public static func check(_ bytes: [UInt8]) throws {
        let texts = parts(bytes, atMost: 2)
        let contentType = String(decoding: texts[0], as: UTF8.self)
        let body = texts.count > 1 ? texts[1] : []
        let parser: MultipartParser
        do {
            parser = try MultipartParser(contentType: contentType)
        } catch {
            throw Refusal(message: error.message)
        }
        let outcome = try parse(body, parser, cuts: [])
        var generator = Cuts(seed: bytes)
        try require(try parse(body, parser, cuts: Array(body.indices)) == outcome, "another form byte by byte")
        for _ in 0..<3 {
            let cuts = generator.cuts(of: body.count)
            try require(try parse(body, parser, cuts: cuts) == outcome, "another form when cut at \(cuts)")
        }
        if let error = outcome.error { throw Refusal(message: error.message) }
        try check(outcome, contentType, parser)
    }

    private static func parse(_ bytes: [UInt8], _ parser: MultipartParser, cuts: [Int]) throws -> Outcome {
        var parser = parser
        var outcome = Outcome()
        do throws(MultipartError) {
            var start = 0
            for cut in cuts + [bytes.count] {
                parser.append(bytes[start..<cut])
                start = cut
                while let event = try parser.next() {
                    switch event {
                    case .part(let head): outcome.parts.append(Part(head: head))
                    case .body(let piece): outcome.parts[outcome.parts.count - 1].body += piece
                    case .partEnd: outcome.parts[outcome.parts.count - 1].isWhole = true
                    case .end: break
                    }
                }
            }
            try parser.finish()
        } catch {
            outcome.error = error
        }
        return outcome
    }

    private static func check(_ outcome: Outcome, _ contentType: String, _ parser: MultipartParser) throws {
        guard let boundary = try HeaderValue(contentType).parameters["boundary"] else {
            throw Violation("a form without a boundary")
        }
        var written: [UInt8] = []
        for part in outcome.parts {
            try require(part.isWhole, "a part without an end in a whole form")
            try require(part.body.firstRange(of: Array("\r\n--\(boundary)".utf8)) == nil, "a body with the boundary")
            var line = "--\(boundary)\r\nContent-Disposition: form-data; name=\(quoted(part.head.name))"
            if let filename = part.head.filename { line += "; filename=\(quoted(filename))" }
            written += Array("\(line)\r\n\r\n".utf8) + part.body + [0x0D, 0x0A]
        }
        written += Array("--\(boundary)--\r\n".utf8)
        try require(try parse(written, parser, cuts: []) == outcome, "another form when written again")
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
            scalar == "\"" || scalar == "\\" ? ["\\", scalar] : [scalar]
        }
        return "\"\(String(String.UnicodeScalarView(escaped)))\""
    }
}

/// Where to cut, drawn from the input itself so that it is the same again.
private struct Cuts {
    private var state: UInt64

    init(seed: [UInt8]) { state = seed.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 } }

    /// In order; some of the pieces are empty.
    mutating func cuts(of count: Int) -> [Int] {
        (0..<Int(next() % 6)).map { _ in Int(next() % UInt64(count + 1)) }.sorted()
    }

    private mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
