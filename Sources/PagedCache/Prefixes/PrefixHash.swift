public import Basics

/// How the index finds a block: a hash of its tokens, chained to that of the block before it.
///
/// Only speed depends on it, since the index compares parents and tokens.
public struct PrefixHash: Sendable {
    /// Of the first block's parent: what the keys belong to.
    public let seed: UInt64
    let combine: @Sendable (_ parent: UInt64, _ tokens: UnsafeBufferPointer<TokenID>) -> UInt64

    /// - Parameter combine: the hash of a block's tokens after a parent with that hash.
    public init(
        seed: UInt64, combine: @escaping @Sendable (_ parent: UInt64, _ tokens: UnsafeBufferPointer<TokenID>) -> UInt64
    ) {
        self.seed = seed
        self.combine = combine
    }

    /// Swift's own hash, which has another key in each process: nobody can write prompts that collide.
    ///
    /// - Parameter scope: all that keys and values depend on beside the tokens: the model, the formats.
    public init(scope: some Hashable) {
        var hasher = Hasher()
        hasher.combine(scope)
        self.init(seed: UInt64(truncatingIfNeeded: hasher.finalize())) { parent, tokens in
            var hasher = Hasher()
            hasher.combine(parent)
            hasher.combine(bytes: UnsafeRawBufferPointer(tokens))
            return UInt64(truncatingIfNeeded: hasher.finalize())
        }
    }
}
