import Scheduler

extension EngineOptions {
    /// What the engine loop is told.
    ///
    /// - Parameter model: the draft model, if one is asked for.
    func guessing(with model: DraftModel?) -> Scheduler.Speculation {
        if let model { return .draftModel(model, mostTokens: draftTokens) }
        return speculation == .promptLookup ? .promptLookup(mostTokens: draftTokens) : .none
    }
}
