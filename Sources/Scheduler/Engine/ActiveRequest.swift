import Basics
import Tokenizers

/// A request that has been taken on, and the way to its reader.
final class ActiveRequest {
    let id: Int
    let promptTokens: Int
    /// When it ends at the latest.
    let deadline: ContinuousClock.Instant?
    let delivery: EventDelivery
    var sequences: [ScheduledSequence] = []
    /// What the caller calls it.
    var label: String?
    var times: RequestTimes
    /// More tokens wait for the reader than may.
    var readerIsTooSlow = false
    /// What is said of its prompt, once that is computed.
    private var promptLogprobs: [TokenLogprob?]?
    let meter: RequestMeter
    private var unfinished: Int

    /// - Parameter arrival: in the meter's nanoseconds.
    init(
        id: Int, promptTokens: Int, samples: Int, deadline: ContinuousClock.Instant? = nil,
        meter: RequestMeter = RequestMeter(), arrival: Int64 = 0,
        delivery: EventDelivery
    ) {
        self.id = id
        self.promptTokens = promptTokens
        self.deadline = deadline
        self.meter = meter
        self.delivery = delivery
        times = RequestTimes(arrival: arrival)
        unfinished = samples
    }

    /// Tell the reader that the request is taken on. False when it has left before this.
    ///
    /// - Parameter handler: called when it leaves later.
    func start(onLeave handler: @escaping @Sendable () -> Void) -> Bool {
        guard delivery.begin(onLeave: handler) else { return false }
        delivery.yield(.started(promptTokens: promptTokens))
        return true
    }

    /// The prompt is computed, and all that was asked of it is known.
    func deliver(_ report: PromptReport) {
        guard promptLogprobs == nil else { return }
        let logprobs = report.logprobs
        promptLogprobs = logprobs
        delivery.yield(.promptLogprobs(logprobs))
    }

    /// True when that was the request's last sample; its stream has then ended.
    func finish(_ completion: Completion) -> Bool {
        var completion = completion
        completion.promptLogprobs = promptLogprobs
        delivery.yield(.finished(completion))
        meter.noteEnd(ofSample: completion.finishReason)
        unfinished -= 1
        guard unfinished == 0 else { return false }
        meter.noteEnd(of: self)
        delivery.finish()
        return true
    }
}
