/// Where a batch stands.
package enum BatchState: Codable, Equatable, Sendable {
    /// How a batch whose requests were accepted ends.
    package enum Outcome: String, Codable, Sendable {
        case completed
        /// Its time was over before all was answered.
        case expired
        case cancelled
    }

    /// Its input has not been looked at.
    case validating
    /// Its requests are answered, or wait for their turn.
    case inProgress
    /// No more is answered; what has been written becomes files.
    case finalizing(to: Outcome)
    case ended(Outcome, results: BatchResults)
    /// None of it was answered, or it could not go on.
    case failed([BatchFault])

    package var isFinal: Bool {
        switch self {
        case .validating, .inProgress, .finalizing: false
        case .ended, .failed: true
        }
    }

    /// OpenAI's word for it.
    package var status: BatchStatus {
        switch self {
        case .validating: .validating
        case .inProgress: .inProgress
        case .finalizing(to: .cancelled): .cancelling
        case .finalizing: .finalizing
        case .ended(.completed, _): .completed
        case .ended(.expired, _): .expired
        case .ended(.cancelled, _): .cancelled
        case .failed: .failed
        }
    }
}

/// What happens to a batch.
enum BatchEvent: Equatable, Sendable {
    /// Its input is good and holds so many requests.
    case accepted(requests: Int)
    /// Its input is not, or it cannot go on.
    case failed([BatchFault])
    /// Every line has been answered.
    case answered
    /// Its time is over.
    case expired
    case cancelled
    /// Its results have become files.
    case published(BatchResults)
}

extension BatchState {
    /// - Returns: `nil` where the event cannot happen or comes too late.
    func after(_ event: BatchEvent) -> BatchState? {
        switch (self, event) {
        case (.validating, .accepted): .inProgress
        case (.validating, .failed(let faults)), (.inProgress, .failed(let faults)): .failed(faults)
        case (.inProgress, .answered): .finalizing(to: .completed)
        case (.validating, .expired), (.inProgress, .expired): .finalizing(to: .expired)
        case (.validating, .cancelled), (.inProgress, .cancelled): .finalizing(to: .cancelled)
        case (.finalizing(let outcome), .published(let results)): .ended(outcome, results: results)
        default: nil
        }
    }
}

package enum BatchStatus: String, Codable, Sendable, CaseIterable, CodingKeyRepresentable {
    case validating
    case failed
    case inProgress = "in_progress"
    case finalizing
    case completed
    case expired
    case cancelling
    case cancelled
}
