import BatchFiles
import Batches
import Forms
import Parterre
import Synchronization

/// Stands for the engine: answers with the prompt in capitals, when it is let. A prompt that begins with `fail` cannot be
/// served.
final class Writer: Sendable {
    private struct State {
        var allowed: Int
        var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
        var nextWaiter = 0
        var inFlight = 0
        var most = 0
        var prompts: [String] = []
        var priorities: Set<Int> = []
        var cancelled = 0
    }

    private let state: Mutex<State>

    /// - Parameter allowed: how many prompts are answered before `allow` is called.
    init(allowed: Int = .max) { state = Mutex(State(allowed: allowed)) }

    var mostInFlight: Int { state.withLock { $0.most } }
    var inFlight: Int { state.withLock { $0.inFlight } }
    var priorities: Set<Int> { state.withLock { $0.priorities } }
    var cancelled: Int { state.withLock { $0.cancelled } }
    /// In the order in which they were asked for.
    var prompts: [String] { state.withLock { $0.prompts } }

    func allow(_ count: Int) {
        let woken = state.withLock { state in
            state.allowed = count == .max ? .max : state.allowed + count
            var woken: [CheckedContinuation<Bool, Never>] = []
            while state.allowed > 0, let first = state.waiting.keys.min() {
                woken.append(state.waiting.removeValue(forKey: first)!)
                if state.allowed != .max { state.allowed -= 1 }
            }
            return woken
        }
        for one in woken { one.resume(returning: true) }
    }

    func complete(_ request: BatchBody) async throws -> JSON {
        let text: String
        switch request {
        case .completion(let completion):
            guard case .text(let prompt)? = completion.prompts.first else {
                throw FieldError("must be a text", field: "prompt")
            }
            text = prompt
        case .chat(let chat):
            text = chat.prompt.messages.flatMap(\.texts).joined()
        }
        state.withLock { state in
            state.inFlight += 1
            state.most = max(state.most, state.inFlight)
            state.prompts.append(text)
            state.priorities.insert(request.options.priority)
        }
        defer { state.withLock { $0.inFlight -= 1 } }
        guard await mayAnswer() else {
            state.withLock { $0.cancelled += 1 }
            throw CancellationError()
        }
        if text.hasPrefix("fail") { throw RequestError.tooLong(tokens: 9, capacity: 5) }
        let n = request.options.n
        let choices = (0..<n).map { index in
            CompletionAnswer.choice(index: index, text: text.uppercased(), logprobs: nil, finishReason: "stop")
        }
        let usage = Usage(promptTokens: text.count, completionTokens: 2 * n)
        return CompletionAnswer(model: "tiny").whole(choices: choices, usage: usage)
    }

    /// - Returns: false when the request is cancelled first.
    private func mayAnswer() async -> Bool {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if Task.isCancelled { return false }
                    guard state.allowed == 0 else {
                        if state.allowed != .max { state.allowed -= 1 }
                        return true
                    }
                    state.waiting[number] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: false)
        }
    }
}
