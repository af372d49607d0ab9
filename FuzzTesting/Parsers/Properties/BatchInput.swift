import Basics
import Foundation

@testable import BatchFiles
@testable import Batches
@testable import Forms
@testable import Scheduler

/// The body of a request to `/v1/batches`, then a line of a batch's input. What is accepted of either is the same again when it
/// is written and read once more; a line's body is a request or is refused in a sentence.
public enum BatchInput: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let texts = parts(bytes, atMost: 2)
        let refused = try requireSentence { try checkOrder(texts[0]) }
        if texts.count > 1 {
            try checkLine(texts[1])
        } else if case .refused(let message) = refused {
            throw Refusal(message: message)
        }
    }

    private static func checkOrder(_ bytes: [UInt8]) throws {
        let order: BatchOrder
        do {
            order = try BatchOrder(json: bytes)
        } catch let error as FieldError {
            throw Refusal(message: error.message)
        }
        var members: [JSON.Member] = [
            .init(name: "input_file_id", value: .string(order.inputFile.rawValue)),
            .init(name: "endpoint", value: .string(order.endpoint.rawValue)),
            .init(name: "completion_window", value: .string(order.window.text)),
        ]
        if let metadata = order.metadata {
            let pairs = metadata.map { JSON.Member(name: $0.key, value: .string($0.value)) }
            members.append(.init(name: "metadata", value: .object(pairs)))
        }
        if let seconds = order.resultsExpireAfter {
            members.append(
                .init(
                    name: "output_expires_after",
                    value: .object(["anchor": "created_at", "seconds": .integer(seconds)])
                ))
        }
        let line = JSON.object(members).line
        try require((try? BatchOrder(json: Array(line.utf8))) == order, "another order when written again: \(line)")
    }

    private static func checkLine(_ bytes: [UInt8]) throws {
        let envelope: InputEnvelope
        do throws(BatchFault) {
            envelope = try InputEnvelope(bytes, endpoint: .completions)
        } catch {
            throw Refusal(message: error.message)
        }
        let again: JSON = .object([
            "custom_id": .string(envelope.id), "method": "POST",
            "url": .string(BatchOrder.Endpoint.completions.rawValue), "body": .object([:]),
        ])
        let read = try? InputEnvelope(Array(again.line.utf8), endpoint: .completions)
        try require(read.map { same($0.id, envelope.id) } ?? false, "another name when written again: \(again.line)")
        do {
            let request = try CompletionRequest.read(envelope.body, defaults: RequestOptions())
            try require(!request.prompts.isEmpty, "a request without a prompt")
        } catch {
            throw Refusal(message: FieldError(error).message)
        }
    }
}
