import Forms
import Foundation
import Testing

@testable import Batches

@Suite("States of a batch")
struct BatchStateTests {
    private static let faults = [BatchFault(.emptyFile, "no")]
    private static let states: [BatchState] = [
        .validating, .inProgress, .finalizing(to: .completed), .finalizing(to: .expired), .finalizing(to: .cancelled),
        .ended(.completed, results: BatchResults()), .ended(.expired, results: BatchResults()),
        .ended(.cancelled, results: BatchResults()), .failed(faults),
    ]
    private static let events: [BatchEvent] = [
        .accepted(requests: 3), .failed(faults), .answered, .expired, .cancelled, .published(BatchResults()),
    ]

    @Test("every event leads where OpenAI's batches go, or nowhere")
    func transitions() {
        let names = Self.states.map { state in
            Self.events.map { state.after($0)?.status.rawValue ?? "-" }.joined(separator: " ")
        }
        #expect(
            names == [
                "in_progress failed - finalizing cancelling -",
                "- failed finalizing finalizing cancelling -",
                "- - - - - completed",
                "- - - - - expired",
                "- - - - - cancelled",
                "- - - - - -", "- - - - - -", "- - - - - -", "- - - - - -",
            ])
    }

    @Test("a final state is one that no event leads out of")
    func final() {
        for state in Self.states {
            #expect(state.isFinal == Self.events.allSatisfy { state.after($0) == nil }, "\(state)")
        }
    }

    private func apply(_ events: [BatchEvent], to batch: inout Batch) {
        for (index, event) in events.enumerated() {
            let isApplied = batch.apply(event, at: 60 + index)
            #expect(isApplied)
        }
    }

    @Test("a batch is the same when it has been on the disk, in every state")
    func roundTrip() throws {
        let starts: [[BatchEvent]] = [
            [], [.accepted(requests: 2)], [.failed(Self.faults)], [.cancelled], [.accepted(requests: 2), .expired],
            [.accepted(requests: 2), .answered, .published(BatchResults())],
        ]
        for events in starts {
            var batch = Batch(
                BatchOrder(inputFile: FileID.make(), metadata: ["a": "b"], resultsExpireAfter: 3600), ordinal: 4,
                now: 50)
            apply(events, to: &batch)
            let read = try JSONDecoder().decode(Batch.self, from: StoredRecord.encode(batch))
            #expect(read == batch)
        }
    }

    @Test("the wire's form has OpenAI's fields and times")
    func json() {
        var batch = Batch(
            BatchOrder(inputFile: FileID(rawValue: "file-1"), metadata: ["b": "2", "a": "1"]), ordinal: 0, now: 50)
        var results = BatchResults()
        results.hasOutput = true
        results.counts = BatchCounts(total: 3, completed: 3, failed: 0)
        results.usage.inputTokens = 5
        results.usage.outputTokens = 7
        results.model = "tiny"
        apply([.accepted(requests: 3), .answered, .published(results)], to: &batch)
        #expect(
            batch.json.line
                == #"{"id":"\#(batch.id.rawValue)","object":"batch","endpoint":"/v1/completions","model":"tiny","#
                + #""errors":null,"input_file_id":"file-1","completion_window":"24h","status":"completed","#
                + #""output_file_id":"\#(batch.outputFile.rawValue)","error_file_id":null,"created_at":50,"#
                + #""in_progress_at":60,"expires_at":86450,"finalizing_at":61,"completed_at":62,"failed_at":null,"#
                + #""expired_at":null,"cancelling_at":null,"cancelled_at":null,"#
                + #""request_counts":{"total":3,"completed":3,"failed":0},"#
                + #""usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":0},"output_tokens":7,"#
                + #""output_tokens_details":{"reasoning_tokens":0},"total_tokens":12},"metadata":{"a":"1","b":"2"}}"#)
        var failed = Batch(BatchOrder(inputFile: FileID(rawValue: "file-1")), ordinal: 0, now: 50)
        apply([.failed([BatchFault(.duplicateID, "twice", param: "custom_id", line: 4)])], to: &failed)
        #expect(
            failed.json.line.contains(
                #""errors":{"object":"list","data":[{"code":"duplicate_custom_id","line":4,"message":"twice","param":"custom_id"}]}"#
            ))
    }
}
