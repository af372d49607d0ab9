import Basics
import Dispatch
import Testing

@testable import Scheduler

/// Hand in all requests before the first step, and wait for the completions of each, in the order of its samples.
///
/// Submissions are work items on the engine's queue: while it is held up, all get in line before the step that the first
/// of them asks for. So who meets whom does not depend on how busy the machine is.
func writeTogether(_ requests: [GenerationRequest], _ engine: BatchEngine) async throws -> [[Completion]] {
    let streams = engine.queue.sync { requests.map { engine.generate($0, tokenizer: nil) } }
    var written: [[Completion]] = []
    for stream in streams {
        var completions: [Completion] = []
        var streamed: [Int: [TokenID]] = [:]
        for try await event in stream {
            switch event {
            case .started, .promptLogprobs: break
            case .token(let token): streamed[token.sample, default: []].append(token.id)
            case .finished(let completion): completions.append(completion)
            }
        }
        for completion in completions { #expect(streamed[completion.sample] == completion.tokenIDs) }
        written.append(completions.sorted { $0.sample < $1.sample })
    }
    return written
}

/// Every request has all its samples, and each is the one that is written alone without a cache.
func expectWrittenAlone(
    _ written: [[Completion]], _ requests: [GenerationRequest], _ engine: BatchEngine, _ what: String
) async throws {
    for (index, request) in requests.enumerated() {
        guard case .tokens(let prompt) = request.prompt else { continue }
        #expect(written[index].map(\.sample) == Array(0..<request.n), "\(what): request \(index)")
        for completion in written[index] {
            let alone = try await UncachedWriter(engine: engine).tokens(
                after: prompt, request.parameters, sample: completion.sample)
            #expect(
                fingerprint(completion) == fingerprint(alone),
                "\(what): request \(index), sample \(completion.sample)")
        }
    }
}
