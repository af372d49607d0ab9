import Foundation
import Testing

@testable import ParterreCLI

@Suite("parterre generate, stopped and resumed", .serialized)
struct InterruptEndToEndTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        // Two samples a line, drawn; few lines at a time, so that a run can be caught in its middle.
        let lines = (0..<24).map {
            #"{"id": "r\#($0)", "prompt": "line \#($0)", "n": 2, "temperature": 1, "max_tokens": \#(150 + $0)}"#
        }
        try place.write((lines + ["bad line"]).joined(separator: "\n"), to: "in.jsonl")
    }

    private func arguments(_ output: String, _ more: String...) -> [String] {
        ["generate"] + place.modelOptions + [
            "--ignore-eos", "--max-batch", "2", "--input", place.path("in.jsonl"), "--output", place.path(output),
        ] + more
    }

    /// Start a run and wait until it has written some lines.
    private func startedRun(_ output: String) async throws -> Program.Running {
        let running = try Program.start(arguments(output))
        for _ in 0..<6000 {
            if place.exists(output), try place.read(output).count(where: \.isNewline) >= 3 { return running }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("no line was written within half a minute: \(try await running.outcome().errors)")
        return running
    }

    private func lines(_ output: String) throws -> [String] {
        try place.read(output).split(separator: "\n").map(String.init)
    }

    /// The output of a run that nobody stopped.
    private func wholeRun() async throws -> [String] {
        let outcome = try await Program.run(arguments("whole.jsonl"))
        #expect(outcome.code == 1, "\(outcome.errors)")
        let whole = try lines("whole.jsonl")
        #expect(whole.count == 49)
        return whole.sorted()
    }

    @Test("after kill -9, and after a line torn by it, --resume completes the output to the same lines")
    func killed() async throws {
        let running = try await startedRun("out.jsonl")
        running.send(SIGKILL)
        #expect(try await running.outcome().code == -SIGKILL)
        let before = try lines("out.jsonl")
        #expect(before.count >= 3 && before.count < 49)

        // Of another line, half was written; and of a line with two samples, one is lost.
        let torn = before.dropLast() + [String(before[before.count - 1].prefix(40))]
        try place.write(torn.joined(separator: "\n"), to: "out.jsonl")
        let resumed = try await Program.run(arguments("out.jsonl", "--resume"))
        #expect(resumed.code == 1, "the bad line stays bad: \(resumed.errors)")
        let after = try lines("out.jsonl")
        #expect(after.starts(with: before.dropLast()), "what was there stays")
        let whole = try await wholeRun()
        #expect(after.sorted() == whole)

        let again = try await Program.run(arguments("out.jsonl", "--resume"))
        #expect(again.code == 1)
        #expect(try lines("out.jsonl") == after, "a finished output is not touched")
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
        let written = try lines(output)
        let records = written.compactMap { OutputRecord(Array($0.utf8)) }
        #expect(records.count == written.count)
        #expect(records.count < 49)
        // In flight are whole lines: both samples of each are there.
        var samples: [LineID: Int] = [:]
        for case .sample(let id, _) in records { samples[id, default: 0] += 1 }
        #expect(samples.values.allSatisfy { $0 == 2 })

        _ = try await Program.run(arguments(output, "--resume"))
        let whole = try await wholeRun()
        #expect(try lines(output).sorted() == whole)
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
        let records = try lines("out.jsonl").map { OutputRecord(Array($0.utf8)) }
        #expect(!records.contains(nil))
    }
}
