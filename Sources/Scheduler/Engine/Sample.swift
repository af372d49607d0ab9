import Basics
import Kernels
import Models
import Tokenizers

/// One of a request's samples: chooses its tokens and writes them down.
final class Sample {
    unowned let request: ActiveRequest
    private var sampler: SequenceSampler
    private var writer: SampleWriter<StreamingDetokenizer>
    private var drawn: SampledToken?

    init(request: ActiveRequest, sampler: SequenceSampler, writer: SampleWriter<StreamingDetokenizer>) {
        self.request = request
        self.sampler = sampler
        self.writer = writer
    }

    /// Choose the next token; kept until `takeDrawn`. Runs on a lane, on one at a time.
    func draw(from logits: UnsafeMutableBufferPointer<Float>, scratch: SamplingScratch) {
        drawn = sampler.next(logits: logits, generated: writer.generated, scratch: scratch)
    }

    /// The same from the greatest logits.
    func draw(from greatest: UnsafeBufferPointer<SelectedValue>, scratch: SamplingScratch) {
        drawn = sampler.next(greatest: greatest, generated: writer.generated, scratch: scratch)
    }

    /// What `draw` must be given.
    var demand: RowDemand { sampler.demand(generated: writer.generated) }

    func takeDrawn() -> SampledToken? {
        defer { drawn = nil }
        return drawn
    }

    /// Write the token down and stream it; the completion if it was the last.
    func accept(_ token: SampledToken) -> Completion? {
        sampler.accept(token.id)
        request.continuation.yield(.token(writer.append(token)))
        return writer.completion(promptTokens: request.promptTokens)
    }

    /// The completion of a text that is broken off.
    func end(_ reason: FinishReason) -> Completion {
        writer.end(reason, promptTokens: request.promptTokens)
    }
}
