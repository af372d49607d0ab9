import Basics

/// A token that may continue a beam.
struct BeamCandidate: Sendable, Equatable {
    var token: TokenID
    /// The beam's score with this token.
    var score: Float
    /// In the model's own distribution, if the request asked for it.
    var logprob: TokenLogprob?
}

/// A beam's best continuations: descending by score, equals by ascending token.
struct BeamCandidates: Sendable {
    private(set) var list: [BeamCandidate] = []
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
        list.reserveCapacity(limit + 1)
    }

    mutating func removeAll() { list.removeAll(keepingCapacity: true) }

    /// Tokens must come in ascending order.
    mutating func insert(_ candidate: BeamCandidate) {
        if list.count == limit {
            guard candidate.score > list[limit - 1].score else { return }
            list.removeLast()
        }
        var place = list.count
        while place > 0, list[place - 1].score < candidate.score { place -= 1 }
        list.insert(candidate, at: place)
    }

    /// Give each its log-probability.
    mutating func describe(by logprob: (TokenID) -> TokenLogprob) {
        for index in list.indices { list[index].logprob = logprob(list[index].token) }
    }

    /// Visit the best of several beams' candidates in descending order, of equals the lowest beam's first, then the lowest
    /// token; at most `count`, and only while `body` says so.
    static func forEachBest(_ count: Int, of beams: [BeamCandidates], _ body: (Int, BeamCandidate) -> Bool) {
        var heads = [Int](repeating: 0, count: beams.count)
        for _ in 0..<count {
            var best: (beam: Int, candidate: BeamCandidate)?
            for (beam, candidates) in beams.enumerated() where heads[beam] < candidates.list.count {
                let candidate = candidates.list[heads[beam]]
                if let best, best.candidate.score >= candidate.score { continue }
                best = (beam, candidate)
            }
            guard let best, body(best.beam, best.candidate) else { return }
            heads[best.beam] += 1
        }
    }
}
