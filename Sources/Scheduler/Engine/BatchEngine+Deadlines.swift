extension BatchEngine {
    /// Requests whose deadline has passed end with what they have.
    func endExpired() {
        guard !deadlines.isEmpty else { return }
        meter.setMoment()
        for id in deadlines.takeExpired(at: now()) {
            guard let request = requests[id] else { continue }
            // First all siblings are cut off, as when a request is cancelled.
            for sequence in request.sequences { sequence.siblings = [] }
            for sequence in request.sequences where sequence.state != .finished {
                recorder?.ended(sequence, .deadline)
                scheduler.finish(sequence)
                switch sequence.purpose {
                case .generate(let sample): _ = request.finish(sample.end(.deadline))
                case .beam(let group, _): group.breakOff(.deadline)
                case .score: break
                }
            }
            requests[id] = nil
        }
    }
}
