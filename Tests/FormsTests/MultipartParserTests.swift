import TestSupport
import Testing

@testable import Forms

@Suite("Multipart forms")
struct MultipartParserTests {
    /// What a parser says of a body, the pieces of each part put together: it must not depend on how the body was cut.
    struct Outcome: Equatable {
        var parts: [Part] = []
        var hasEnded = false
        var error: MultipartError?
    }

    struct Part: Equatable {
        var head: PartHead
        var body: [UInt8] = []
        var isWhole = false
    }

    private func parse(_ chunks: some Sequence<some Sequence<UInt8>>, boundary: String) -> Outcome {
        var parser = MultipartParser(boundary: boundary)
        var outcome = Outcome()
        do throws(MultipartError) {
            for chunk in chunks {
                parser.append(chunk)
                while let event = try parser.next() {
                    switch event {
                    case .part(let head): outcome.parts.append(Part(head: head))
                    case .body(let bytes):
                        #expect(!bytes.isEmpty)
                        outcome.parts[outcome.parts.count - 1].body += bytes
                    case .partEnd: outcome.parts[outcome.parts.count - 1].isWhole = true
                    case .end: outcome.hasEnded = true
                    }
                }
            }
            try parser.finish()
        } catch {
            outcome.error = error
        }
        return outcome
    }

    private func parse(_ text: String, boundary: String = "b") -> Outcome { parse([text.utf8], boundary: boundary) }

    private static let form = [
        "--b", #"Content-Disposition: form-data; name="purpose""#, "", "batch", "--b",
        #"content-disposition:form-data; name="file"; filename="a b.jsonl""#, "Content-Type: application/jsonl", "",
        "{\"x\": 1}\r\n--\r\n-\r\n--a", "--b--", "",
    ].joined(separator: "\r\n")

    private static let wanted = Outcome(
        parts: [
            Part(head: PartHead(name: "purpose"), body: Array("batch".utf8), isWhole: true),
            Part(
                head: PartHead(name: "file", filename: "a b.jsonl"), body: Array("{\"x\": 1}\r\n--\r\n-\r\n--a".utf8),
                isWhole: true),
        ], hasEnded: true)

    @Test("a form is read the same, wherever it is cut in two, and byte by byte")
    func cuts() {
        let bytes = Array(Self.form.utf8)
        for cut in 0...bytes.count {
            #expect(parse([bytes[..<cut], bytes[cut...]], boundary: "b") == Self.wanted, "cut at \(cut)")
        }
        #expect(parse(bytes.map { [$0] }, boundary: "b") == Self.wanted)
    }

    @Test("what ends before its last delimiter is incomplete, wherever it ends")
    func incomplete() {
        let bytes = Array(Self.form.utf8)
        // Behind the last delimiter's hyphens nothing more is needed.
        for length in 0..<(bytes.count - 2) {
            #expect(parse([bytes[..<length]], boundary: "b").error == .incomplete, "after \(length) bytes")
        }
    }

    /// A body of the bytes that delimiters are made of.
    private func body(_ boundary: String, using generator: inout SplitMix64) -> [UInt8] {
        let pieces: [[UInt8]] = [
            [0x0D], [0x0A], [0x2D], [0x0D, 0x0A], [0x0D, 0x0A, 0x2D, 0x2D], Array(boundary.utf8.dropLast()), [0x61],
            [0],
            [0xFF],
        ]
        var body: [UInt8] = []
        for _ in 0..<Int.random(in: 0..<40, using: &generator) { body += pieces.randomElement(using: &generator)! }
        // The delimiter itself cannot be in a body: that is the client's care.
        let delimiter = Array("\r\n--\(boundary)".utf8)
        while let range = ([0x0D, 0x0A] + body).firstRange(of: delimiter) {
            body.remove(at: min(body.count - 1, max(0, range.upperBound - 3)))
        }
        return body
    }

    private func cut(_ bytes: [UInt8], using generator: inout SplitMix64) -> [ArraySlice<UInt8>] {
        var chunks: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        let longest = [1, 3, 17, 200].randomElement(using: &generator)!
        while !rest.isEmpty {
            let count = Int.random(in: 0...min(longest, rest.count), using: &generator)
            chunks.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return chunks
    }

    @Test("any form of any bodies comes back whole, however it is cut", arguments: 0..<20)
    func forms(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for round in 0..<50 {
            let boundary = ["b", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "--", "a-b'c"]
                .randomElement(using: &generator)!
            var wanted = Outcome(hasEnded: true)
            var bytes: [UInt8] = round % 3 == 0 ? Array("a preamble\r\n".utf8) : []
            for number in 0..<Int.random(in: 0...4, using: &generator) {
                let part = Part(
                    head: PartHead(name: "n\(number)", filename: Bool.random(using: &generator) ? "f" : nil),
                    body: body(boundary, using: &generator), isWhole: true)
                let name = part.head.filename.map { "; filename=\"\($0)\"" } ?? ""
                let padding = Bool.random(using: &generator) ? " \t" : ""
                bytes += "--\(boundary)\(padding)\r\n".utf8
                bytes += "Content-Disposition: form-data; name=\"n\(number)\"\(name)\r\n\r\n".utf8
                bytes += part.body
                bytes += [0x0D, 0x0A]
                wanted.parts.append(part)
            }
            bytes += "--\(boundary)--".utf8
            if Bool.random(using: &generator) { bytes += "\r\nan epilogue\r\n--\(boundary)\r\n".utf8 }
            let outcome = parse(cut(bytes, using: &generator), boundary: boundary)
            #expect(outcome == wanted, "seed \(seed), round \(round), boundary \(boundary)")
        }
    }

    @Test("whatever bytes come, what is made of them does not depend on how they were cut", arguments: 0..<20)
    func garbage(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for round in 0..<100 {
            var bytes = Array(Self.form.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert([0x0D, 0x0A, 0x2D, 0x22, 0x3B, 0x62].randomElement(using: &generator)!, at: place)
                default: bytes.insert(contentsOf: bytes[..<place], at: place)
                }
            }
            let whole = parse([bytes], boundary: "b")
            for _ in 0..<3 {
                let outcome = parse(cut(bytes, using: &generator), boundary: "b")
                #expect(outcome == whole, "seed \(seed), round \(round)")
            }
        }
    }

    @Test("a body is handed on as it comes: no more is held back than a delimiter has")
    func streaming() throws {
        var parser = MultipartParser(boundary: "b")
        parser.append("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n".utf8)
        let first = try parser.next()
        #expect(first == .part(PartHead(name: "file", filename: "f")))
        var sent = 0
        var received = 0
        for round in 0..<1000 {
            let chunk = [UInt8](repeating: round % 7 == 0 ? 0x0D : 0x61, count: 1000)
            parser.append(chunk)
            sent += chunk.count
            while let event = try parser.next() {
                if case .body(let bytes) = event { received += bytes.count }
            }
            #expect(sent - received < 5)
        }
    }

    private static let bad: [(String, MultipartError)] = [
        ("--bx\r\n", MultipartError.badDelimiter), ("--b\n", .badDelimiter), ("--b-x", .badDelimiter),
        ("--b" + String(repeating: " ", count: 300), .badDelimiter),
        ("--b\r\n\r\n\r\nx", .badHeader), ("--b\r\nContent-Type: text/plain\r\n\r\n", .badHeader),
        ("--b\r\nContent-Disposition: attachment; name=\"x\"\r\n\r\n", .badHeader),
        ("--b\r\nContent-Disposition: form-data\r\n\r\n", .badHeader),
        ("--b\r\nContent-Disposition: form-data; name=\"x\r\n\r\n", .badHeader),
        ("--b\r\nContent-Disposition: form-data; name=\"x\"; name=\"y\"\r\n\r\n", .badHeader),
        ("--b\r\nContent-Disposition: form-data; name=\"x\"y\r\n\r\n", .badHeader),
        ("--b\r\nContent-Disposition: form-data; name=\"x\u{0}\"\r\n\r\n", .badHeader),
        (
            "--b\r\nContent-Disposition: form-data; name=x\r\nContent-Disposition: form-data; name=x\r\n\r\n",
            .badHeader
        ),
        ("--b\r\nA line\r\n\r\n", .badHeader), ("--b\r\n folded: x\r\n\r\n", .badHeader),
        ("--b\r\nX: " + String(repeating: "x", count: 9000), .tooMuch),
        ("--b\r\nX: " + String(repeating: "x", count: 9000) + "\r\n\r\n", .tooMuch), ("", .incomplete),
        ("no form at all", .incomplete),
    ]

    @Test("what is no form is refused", arguments: bad)
    func refused(text: String, error: MultipartError) {
        #expect(parse(text).error == error)
        #expect(parse(text.utf8.map { [$0] }, boundary: "b").error == error)
    }

    @Test("more parts than a form has are refused")
    func manyParts() {
        let part = "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n"
        #expect(parse(String(repeating: part, count: 16) + "--b--").error == nil)
        #expect(parse(String(repeating: part, count: 17) + "--b--").error == .tooMuch)
    }

    @Test("names are read as browsers, curl and Python write them")
    func names() {
        func name(_ value: String) -> String? {
            parse("--b\r\nContent-Disposition: form-data; name=\"file\"; \(value)\r\n\r\n\r\n--b--").parts.first?.head
                .filename
        }
        #expect(name(#"filename="a.jsonl""#) == "a.jsonl")
        #expect(name(#"filename=a.jsonl"#) == "a.jsonl")
        #expect(name(#"filename="a\"b\\c""#) == #"a"b\c"#)
        #expect(name(#"filename="C:\x.jsonl""#) == #"C:\x.jsonl"#)
        #expect(name(#"filename="größe 価.jsonl""#) == "größe 価.jsonl")
        #expect(name(#"filename="a;b=c""#) == "a;b=c")
        #expect(name(#"filename="x"; filename*=UTF-8''y"#) == "x")
        #expect(name(#"FileName="x";"#) == "x")
    }

    @Test("the boundary is the content type's")
    func contentTypes() {
        func isForm(_ type: String?) -> Bool { (try? MultipartParser(contentType: type)) != nil }
        #expect(isForm("multipart/form-data; boundary=abc"))
        #expect(isForm(#"Multipart/Form-Data; charset=utf-8; Boundary="a b=c""#))
        for bad in [
            nil, "", "application/json", "multipart/form-data", "multipart/mixed; boundary=b",
            "multipart/form-data; boundary=", #"multipart/form-data; boundary="a ""#,
            #"multipart/form-data; boundary="ä""#,
            "multipart/form-data; boundary=" + String(repeating: "b", count: 71),
        ] {
            #expect(!isForm(bad), "\(bad ?? "none")")
        }
    }
}
