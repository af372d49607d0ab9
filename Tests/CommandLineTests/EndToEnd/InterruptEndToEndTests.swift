import BatchFiles
import Foundation
import Testing

@testable import ParterreCLI

@Suite("parterre generate, stopped and resumed", .serialized)
struct InterruptEndToEndTests {
    private let place: Workplace
    private let lines: [String]

    init() throws {
        place = try Workplace()
        // Two samples a line, drawn; the last line is bad.
        let good = (0..<16).map {
            #"{"id": "r\#($0)", "prompt": "line \#($0)", "n": 2, "temperature": 1, "max_tokens": \#(20 + $0)}"#
        }
        lines = good + ["bad line"]
        try place.write(lines.joined(separator: "\n"), to: "in.jsonl")
    }

    private func arguments(_ output: String, _ more: String..., input: String? = nil) -> [String] {
        ["generate"] + place.modelOptions + [
            "--ignore-eos", "--max-batch", "2", "--input", input ?? place.path("in.jsonl"), "--output",
            place.path(output),
        ] + more
    }

    /// Start a run that cannot end: half of its lines never come. Wait until it has written some.
    private func startedRun(_ output: String) async throws -> Program.Running {
        let running = try Program.start(arguments(output, input: "-"), input: nil)
        try running.feed?.write(contentsOf: Data(lines.prefix(8).map { $0 + "\n" }.joined().utf8))
        for _ in 0..<6000 {
            if place.exists(output), try place.read(output).count(where: \.isNewline) >= 3 { return running }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("no line was written within half a minute")
        return running
    }

    private func written(_ output: String) throws -> [String] {
        try place.read(output).split(separator: "\n").map(String.init)
    }

    /// The output of a run that nobody stopped.
    private func wholeRun() async throws -> [String] {
        let outcome = try await Program.run(arguments("whole.jsonl"))
        #expect(outcome.code == 1, "\(outcome.errors)")
        let whole = try written("whole.jsonl")
        #expect(whole.count == 33)
        return whole.sorted()
    }

    @Test("after kill -9, and after a line torn by it, --resume completes the output to the same lines")
    func killed() async throws {
        let running = try await startedRun("out.jsonl")
        running.send(SIGKILL)
        #expect(try await running.outcome().code == -SIGKILL)
        let before = try written("out.jsonl")
        #expect(before.count >= 3 && before.count < 33)

        // Of another line, half was written; and of a line with two samples, one is lost.
        let torn = before.dropLast() + [String(before[before.count - 1].prefix(40))]
        try place.write(torn.joined(separator: "\n"), to: "out.jsonl")
        let resumed = try await Program.run(arguments("out.jsonl", "--resume"))
        #expect(resumed.code == 1, "the bad line stays bad: \(resumed.errors)")
        let after = try written("out.jsonl")
        #expect(after.starts(with: before.dropLast()), "what was there stays")
        let whole = try await wholeRun()
        #expect(after.sorted() == whole)

        let again = try await Program.run(arguments("out.jsonl", "--resume"))
        #expect(again.code == 1)
        #expect(try written("out.jsonl") == after, "a finished output is not touched")
    }

    @Test("Ctrl-C finishes the lines in flight", arguments: [SIGINT, SIGTERM])
    func interrupted(_ signal: Int32) async throws {
        let output = "out-\(signal).jsonl"
        let running = try await startedRun(output)
        running.send(signal)
        let outcome = try await running.outcome()
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("--resume goes on from here"))
        let content = try place.read(output)
        #expect(content.hasSuffix("\n"))
        let lines = try written(output)
        let records = lines.compactMap { OutputRecord(Array($0.utf8)) }
        #expect(records.count == lines.count)
        #expect(records.count < 33)
        // In flight are whole lines: both samples of each are there.
        var samples: [LineID: Int] = [:]
        for case .sample(let id, _) in records { samples[id, default: 0] += 1 }
        #expect(samples.values.allSatisfy { $0 == 2 })

        _ = try await Program.run(arguments(output, "--resume"))
        let whole = try await wholeRun()
        #expect(try written(output).sorted() == whole)
    }

    @Test("a second Ctrl-C ends at once and leaves whole lines")
    func interruptedTwice() async throws {
        let running = try await startedRun("out.jsonl")
        running.send(SIGINT)
        try await Task.sleep(for: .milliseconds(20))
        running.send(SIGINT)
        let outcome = try await running.outcome()
        #expect(outcome.code == 1)
        #expect(try place.read("out.jsonl").hasSuffix("\n"))
        let records = try written("out.jsonl").map { OutputRecord(Array($0.utf8)) }
        #expect(!records.contains(nil))
    }

    @Test("a full disk ends it with one sentence, and the output holds whole lines")
    func fullDisk() async throws {
        let outcome = try await Program.start(arguments("out.jsonl", "--quiet"), blocks: 4).outcome()
        #expect(outcome.code == 1)
        #expect(outcome.errors.hasPrefix("parterre: cannot write \(place.path("out.jsonl")): "), "\(outcome.errors)")
        #expect(outcome.errors.count(where: \.isNewline) == 1)
        let content = try place.read("out.jsonl")
        #expect(content.hasSuffix("\n"))
        let records = content.split(separator: "\n").map { OutputRecord(Array($0.utf8)) }
        #expect(!records.isEmpty && !records.contains(nil))
    }
}
