package import Basics
import Dispatch
import PagedCache

/// While somebody has this, the blocks of some tokens leave the cache after those of others.
package final class PrefixHold: @unchecked Sendable {
    private let tokens: [TokenID]
    private let engine: BatchEngine
    /// Confined to the engine's queue.
    private var pin = PrefixPin()

    /// Keeps what is there of these tokens; of what is computed later, `renew`.
    package init(_ tokens: [TokenID], of engine: BatchEngine) {
        self.tokens = tokens
        self.engine = engine
        renew()
    }

    /// Keep what is there now. Takes effect before anything that is submitted later.
    package func renew() {
        engine.queue.async { [self] in
            let cache = engine.scheduler.cache
            let old = pin
            pin = cache.pin(tokens)
            cache.unpin(old)
        }
    }

    deinit {
        let (engine, pin) = (engine, pin)
        engine.queue.async { engine.scheduler.cache.unpin(pin) }
    }
}
