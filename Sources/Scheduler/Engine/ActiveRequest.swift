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
    var times: RequestTimes
    let meter: RequestMeter
    private var unfinished: Int

    /// - Parameter arrival: in the meter's nanoseconds.
    init(
        id: Int, promptTokens: Int, samples: Int, deadline: ContinuousClock.Instant? = nil,
        meter: RequestMeter = RequestMeter(), arrival: Int64 = 0,
        continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) {
        self.id = id
        self.promptTokens = promptTokens
        self.deadline = deadline
        self.meter = meter
        self.continuation = continuation
        times = RequestTimes(arrival: arrival)
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
        meter.noteEnd(ofSample: completion.finishReason)
        unfinished -= 1
        guard unfinished == 0 else { return false }
        meter.noteEnd(of: self)
        continuation.finish()
        return true
    }
}
