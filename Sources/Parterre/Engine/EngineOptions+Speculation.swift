import Scheduler

extension EngineOptions {
    /// What the engine loop is told.
    var guessing: Scheduler.Speculation {
        switch speculation {
        case .none: .none
        case .promptLookup: .promptLookup(mostTokens: draftTokens)
        }
    }
}
