import BatchFiles
import Forms
import Parterre

/// The lines of `parterre logits`, all read and checked before any work since they share one output file; and the
/// prompts of `parterre bench --prompts`.
struct LogitsInput {
    struct Line {
        var number: Int
        var name: String
        var prompt: Prompt
    }

    private(set) var lines: [Line] = []

    /// Names of the tensors.
    var names: [String] { lines.map(\.name) }

    /// - Throws: `CommandError.input` that tells every bad line (the first ten of them).
    static func read(_ file: InputFile) async throws -> LogitsInput {
        var source = LineRequests(InputLines(file))
        var input = LogitsInput()
        var faults: [String] = []
        var names: Set<String> = []
        while let line = try await source.next() {
            switch line {
            case .failure(let bad):
                faults.append("line \(bad.number): \(bad.error.message)")
            case .success(let request):
                guard let prompt = request.prompt else {
                    faults.append("line \(request.number): must be one prompt, no list and no chat")
                    continue
                }
                if request.id.name == "__metadata__" || !names.insert(request.id.name).inserted {
                    faults.append("line \(request.number): id: \"\(request.id.name)\" cannot name another tensor")
                } else {
                    input.lines.append(Line(number: request.number, name: request.id.name, prompt: prompt))
                }
            }
        }
        if faults.isEmpty && input.lines.isEmpty { faults.append("there are no lines") }
        if !faults.isEmpty { throw CommandError.input(list(faults, of: file.name)) }
        return input
    }

    /// Token ids of the lines.
    ///
    /// - Throws: `CommandError.input` for ids beyond the vocabulary and for a text without a tokenizer.
    func sequences(_ tokenizer: Tokenizer?, vocabularySize: Int) throws -> [[TokenID]] {
        try lines.map { line in
            let ids: [TokenID]
            switch line.prompt {
            case .tokens(let given): ids = given
            case .text(let text):
                guard let tokenizer else {
                    throw CommandError.input("line \(line.number): \(RequestError.noTokenizer.message)")
                }
                ids = tokenizer.encode(text)
            }
            if ids.isEmpty { throw CommandError.input("line \(line.number): the prompt has no tokens") }
            if let beyond = ids.first(where: { $0.index >= vocabularySize }) {
                throw CommandError.input(
                    "line \(line.number): token \(beyond) is not in the model's vocabulary of \(vocabularySize) tokens")
            }
            return ids
        }
    }

    private static func list(_ faults: [String], of name: String) -> String {
        let shown = faults.prefix(10).joined(separator: "\n  ")
        let rest = faults.count > 10 ? "\n  and \(faults.count - 10) more" : ""
        return "\(name) cannot be used:\n  \(shown)\(rest)"
    }
}

extension RequestLine {
    /// Where it is one alone.
    fileprivate var prompt: Prompt? {
        switch content {
        case .native(let prompt, _): prompt
        case .openAIBatch(.completion(let request)): request.prompts.count == 1 ? request.prompts[0] : nil
        case .openAIBatch(.chat): nil
        }
    }
}
