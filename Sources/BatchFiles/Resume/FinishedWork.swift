import Forms
import Parterre

/// What an earlier run has already written, so that `--resume` does not do it again.
package struct FinishedWork: Equatable, Sendable {
    /// A bad line is known by its number and id: the same id may stand in a good line too.
    private struct Failure: Hashable {
        var id: LineID?
        var line: Int
    }

    private var samples: [LineID: SampleSet] = [:]
    private var answers: Set<LineID> = []
    private var failures: Set<Failure> = []

    package init() {}

    package var isEmpty: Bool { samples.isEmpty && answers.isEmpty && failures.isEmpty }
    package var failureCount: Int { failures.count }
    /// Lines in OpenAI's batch form.
    package var answerCount: Int { answers.count }

    package var withoutFailures: FinishedWork {
        var work = self
        work.failures = []
        return work
    }

    package mutating func add(_ record: OutputRecord) {
        switch record {
        case .sample(let id, let index): samples[id, default: SampleSet()].insert(index)
        case .answer(let id): answers.insert(id)
        case .failure(let id, let line): failures.insert(Failure(id: id, line: line))
        }
    }

    /// Add the lines in OpenAI's batch form that another output holds.
    package mutating func addLines(of other: FinishedWork) {
        answers.formUnion(other.answers)
        failures.formUnion(other.failures)
    }

    /// Whether a line in OpenAI's batch form has been answered or refused.
    package func covers(_ id: LineID?, line: Int) -> Bool {
        id.map(answers.contains) ?? false || failures.contains(Failure(id: id, line: line))
    }

    /// Whether this line needs no more work.
    package func covers(_ line: Result<RequestLine, BadLine>) -> Bool {
        switch line {
        case .success(let request):
            if failures.contains(Failure(id: request.id, line: request.number)) { return true }
            return switch request.form {
            case .native: samples[request.id]?.holdsAll(request.options.n) ?? false
            case .openAIBatch: answers.contains(request.id)
            }
        case .failure(let bad):
            return failures.contains(Failure(id: bad.writtenID, line: bad.number))
        }
    }

    /// The samples of a native line that are there; a text depends on its seed and index alone, so the rest may be
    /// written by another run.
    package func samples(of id: LineID) -> SampleSet { samples[id] ?? SampleSet() }
}

extension BadLine {
    /// The id in its output line: in the native form a line without one goes by its number.
    package var writtenID: LineID? { form == .native ? id ?? LineID(line: number) : id }
}
