import Basics

/// Tokens that a reader has not taken yet, packed: 14 bytes each and the bytes of their text, where an event of its own would
/// take a hundred. Memory is kept while the reader keeps up, and given back when it has caught up.
struct TokenBacklog {
    private var ids: [TokenID] = []
    private var samples: [Int16] = []
    /// Bytes of text that came with each token.
    private var lengths: [UInt32] = []
    private var text: [UInt8] = []
    /// Empty where the request asked for none; what they hold is shared with the completion.
    private var logprobs: [TokenLogprob] = []
    /// What was taken of the above.
    private var takenTokens = 0
    private var takenBytes = 0

    /// Tokens that its memory is kept for.
    private static let keptTokens = 256

    var count: Int { ids.count - takenTokens }

    mutating func append(_ token: GeneratedToken) {
        ids.append(token.id)
        samples.append(Int16(token.sample))
        lengths.append(UInt32(token.text.utf8.count))
        text.append(contentsOf: token.text.utf8)
        if let logprob = token.logprob { logprobs.append(logprob) }
    }

    /// The oldest token.
    mutating func takeFirst() -> GeneratedToken? {
        guard takenTokens < ids.count else { return nil }
        let end = takenBytes + Int(lengths[takenTokens])
        let token = GeneratedToken(
            sample: Int(samples[takenTokens]), id: ids[takenTokens],
            text: takenBytes == end ? "" : String(decoding: text[takenBytes..<end], as: UTF8.self),
            logprob: logprobs.isEmpty ? nil : logprobs[takenTokens])
        takenTokens += 1
        takenBytes = end
        if takenTokens == ids.count { removeAll() }
        return token
    }

    private mutating func removeAll() {
        let keeps = ids.count <= Self.keptTokens
        ids.removeAll(keepingCapacity: keeps)
        samples.removeAll(keepingCapacity: keeps)
        lengths.removeAll(keepingCapacity: keeps)
        text.removeAll(keepingCapacity: keeps)
        logprobs.removeAll(keepingCapacity: keeps)
        takenTokens = 0
        takenBytes = 0
    }
}
