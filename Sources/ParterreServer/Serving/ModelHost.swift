import HTTPTypes
import Synchronization

/// The model, once it is there.
package final class ModelHost: Sendable {
    enum State {
        /// Share of the weights that is packed.
        case loading(progress: Double)
        case ready(ServedModel)
    }

    private let held: Mutex<State>

    init(_ state: State = .loading(progress: 0)) { held = Mutex(state) }

    var state: State { held.withLock { $0 } }

    func note(progress: Double) {
        held.withLock { state in
            if case .loading = state { state = .loading(progress: progress) }
        }
    }

    func finish(_ model: ServedModel) { held.withLock { $0 = .ready(model) } }

    /// - Throws: `APIError` 503 while it is loading.
    package func model() throws(APIError) -> ServedModel {
        switch state {
        case .ready(let model): return model
        case .loading(let progress):
            throw APIError(
                .serviceUnavailable, "the model is loading, \(Int(progress * 100)) % are done", code: "loading"
            )
            .retry(after: 2)
        }
    }
}
