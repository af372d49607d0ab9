import Basics
import Tokenizers

/// A request that has been taken on, and its stream.
final class ActiveRequest {
    let id: Int
    let promptTokens: Int
    /// When it ends at the latest.
    let deadline: ContinuousClock.Instant?
    let continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    var sequences: [ScheduledSequence] = []
    private var unfinished: Int

    init(
        id: Int, promptTokens: Int, samples: Int, deadline: ContinuousClock.Instant? = nil,
        continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) {
        self.id = id
        self.promptTokens = promptTokens
        self.deadline = deadline
        self.continuation = continuation
        unfinished = samples
    }

    /// Tell the stream that the request is taken on. False when the stream was left before this.
    func start() -> Bool {
        if case .terminated = continuation.yield(.started(promptTokens: promptTokens)) { return false }
        return true
    }

    /// True when that was the request's last sample; its stream has then ended.
    func finish(_ completion: Completion) -> Bool {
        continuation.yield(.finished(completion))
        unfinished -= 1
        guard unfinished == 0 else { return false }
        continuation.finish()
        return true
    }
}
