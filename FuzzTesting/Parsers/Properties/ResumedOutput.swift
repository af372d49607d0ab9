import Basics
import Foundation

@testable import BatchFiles
@testable import Forms

/// The output of an earlier run, torn anywhere, and a line of input. What is kept of the output is the same again when it is
/// read once more, whatever chunks it comes in, and whether it covers the line can be asked.
public enum ResumedOutput: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let parts = parts(bytes, atMost: 2)
        let output = parts[0]
        let contents = try read(output, chunk: 1 << 20)
        try require(contents.keptBytes + contents.tornBytes == output.count, "bytes are neither kept nor torn")
        try require(try read(output, chunk: 3) == contents, "chunks of 3 bytes give other contents")

        let again = try read(output[..<contents.keptBytes] + (contents.lacksNewline ? [0x0A] : []), chunk: 1 << 20)
        try require(again.finished == contents.finished, "what is kept holds other work")
        try require(again.tornBytes == 0 && !again.lacksNewline, "what is kept is torn again")

        let line = RequestLine.parse(parts.count > 1 ? parts[1] : [], number: 1)
        let isCovered = contents.finished.covers(line)
        if case .success(let request) = line, isCovered, contents.finished.failureCount == 0, request.form == .native {
            let samples = contents.finished.samples(of: request.id)
            try require((0..<request.options.n).allSatisfy(samples.contains), "a sample is missing of a covered line")
        }
        try require(contents.finished.withoutFailures.failureCount == 0, "failures are left")
    }

    private static func read(_ bytes: some Collection<UInt8>, chunk: Int) throws -> OutputContents {
        var rest = Array(bytes)[...]
        return try OutputContents("out.jsonl") {
            defer { rest = rest.dropFirst(chunk) }
            return Data(rest.prefix(chunk))
        }
    }
}
