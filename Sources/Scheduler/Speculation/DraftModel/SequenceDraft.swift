import Basics
import Kernels
import PagedCache

/// A sequence in the draft model: its blocks there, and how its next tokens are guessed.
final class SequenceDraft {
    private let cache: PagedCache
    /// Blocks of the draft model's cache. What it counts as stored is of the text.
    var table = BlockTable()
    private var sampler: SequenceSampler?
    private var generated = 0

    init(cache: PagedCache) { self.cache = cache }

    /// Begin to guess behind the tokens that the sample has.
    ///
    /// Guesses are drawn as the sample will draw, with the same random numbers at the same positions: so a draft model whose
    /// distribution is nearly the model's guesses nearly always what is drawn. Penalties count guesses in a copy.
    func begin(_ sample: Sample) {
        sampler = sample.guesser
        generated = sample.generated
    }

    /// What the next draw must be given.
    var demand: RowDemand { sampler?.demand(generated: generated) ?? .greatest }

    /// Guess the next token. Runs on a lane, on one at a time.
    func draw(from logits: UnsafeMutableBufferPointer<Float>, scratch: SamplingScratch) -> TokenID? {
        accept(sampler?.next(logits: logits, generated: generated, scratch: scratch))
    }

    /// The same from the greatest logits.
    func draw(from greatest: UnsafeBufferPointer<SelectedValue>, scratch: SamplingScratch) -> TokenID? {
        accept(sampler?.next(greatest: greatest, generated: generated, scratch: scratch))
    }

    private func accept(_ token: SampledToken?) -> TokenID? {
        guard let token else { return nil }
        sampler?.accept(token.id)
        generated += 1
        return token.id
    }

    /// The first `accepted` of `guessed` tokens came true. The last of them was never computed here.
    func keep(accepted: Int, of guessed: Int) {
        let stored = min(accepted, guessed - 1)
        if stored > 0 { cache.advance(&table, by: stored) }
    }

    func release() {
        cache.release(&table)
        sampler = nil
    }
}
