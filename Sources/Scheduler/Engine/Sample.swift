import Basics
import Kernels
import Models
import Tokenizers

/// One of a request's samples: chooses its tokens and writes them down.
final class Sample {
    unowned let request: ActiveRequest
    /// Which of the request's samples.
    var index: Int { writer.sample }
    private var sampler: SequenceSampler
    private var writer: SampleWriter<StreamingDetokenizer>
    /// Tokens chosen in this step, not written down yet.
    private(set) var drawn: [SampledToken] = []
    /// When it was given tokens last, in the meter's nanoseconds.
    var lastTokens: Int64?

    init(request: ActiveRequest, sampler: SequenceSampler, writer: SampleWriter<StreamingDetokenizer>) {
        self.request = request
        self.sampler = sampler
        self.writer = writer
    }

    /// Whether the step's row of that index, the one behind `token`, is where the next token is drawn: every token before
    /// was the one that was guessed. False also if it was drawn there already.
    func isAt(row index: Int, behind token: TokenID) -> Bool {
        drawn.count == index && (index == 0 || drawn[index - 1].id == token)
    }

    /// Choose the next token; kept in `drawn` until it is written down. Runs on a lane, on one at a time.
    func draw(from logits: UnsafeMutableBufferPointer<Float>, scratch: SamplingScratch) {
        keep(sampler.next(logits: logits, generated: generated, scratch: scratch))
    }

    /// The same from the greatest logits.
    func draw(from greatest: UnsafeBufferPointer<SelectedValue>, scratch: SamplingScratch) {
        keep(sampler.next(greatest: greatest, generated: generated, scratch: scratch))
    }

    /// What `draw` must be given for the token that follows `ahead` more than those that are chosen.
    func demand(ahead: Int = 0) -> RowDemand { sampler.demand(generated: generated + ahead, ahead: ahead) }

    /// Tokens that the text may still have.
    var tokensLeft: Int { writer.tokensLeft }

    /// Draws as this sample will draw, for whoever guesses; reports no log-probabilities.
    var guesser: SequenceSampler { sampler.withoutReports }

    /// Tokens that are chosen.
    var generated: Int { writer.generated + drawn.count }

    private func keep(_ token: SampledToken) {
        sampler.accept(token.id)
        drawn.append(token)
    }

    /// Write a drawn token down and hand it to the reader; the completion if it was the last.
    func write(_ token: SampledToken) -> Completion? {
        if !request.delivery.yield(.token(writer.append(token))) { request.readerIsTooSlow = true }
        return writer.completion(promptTokens: request.promptTokens)
    }

    /// All that was drawn is written down, or of no use after the text's end.
    func forgetDrawn() { drawn.removeAll(keepingCapacity: true) }

    /// The completion of a text that is broken off.
    func end(_ reason: FinishReason) -> Completion {
        writer.end(reason, promptTokens: request.promptTokens)
    }
}
