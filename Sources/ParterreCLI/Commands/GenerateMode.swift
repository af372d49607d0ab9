import ArgumentParser
import Forms

/// What `parterre generate` is asked to do, decided from its arguments alone.
enum GenerateMode: Equatable {
    /// Print the texts as they grow.
    case plainText
    /// Answer the prompts given as arguments as JSON lines, into a file or onto standard output.
    case argumentLines(output: String?)
    /// Answer the JSON lines of a file (`-`: standard input).
    case fileLines(input: String, output: String?)

    struct Arguments {
        var prompts: [String] = []
        var input: String?
        var output: String?
        var json = false
        var resume = false
        var retryErrors = false
        var stdinIsTerminal = true
    }

    /// - Throws: `ValidationError` for a combination that makes no sense.
    init(_ arguments: Arguments) throws {
        let output = arguments.output == "-" ? nil : arguments.output
        if arguments.resume && output == nil { throw ValidationError("--resume needs an --output file to go on with") }
        if arguments.retryErrors && !arguments.resume { throw ValidationError("--retry-errors needs --resume") }
        if !arguments.prompts.isEmpty {
            if arguments.input != nil {
                throw ValidationError("give prompts as arguments or an --input file, not both")
            }
            if let index = arguments.prompts.firstIndex(of: "") {
                throw ValidationError("prompt \(index + 1) is empty")
            }
            let wantsLines = arguments.json || arguments.output != nil
            self = wantsLines ? .argumentLines(output: output) : .plainText
        } else if let input = arguments.input ?? (arguments.stdinIsTerminal ? nil : "-") {
            self = .fileLines(input: input, output: output)
        } else {
            throw ValidationError(
                """
                there is nothing to generate from. Give a prompt or an input file, e.g.
                  parterre generate "The garden in spring"
                  parterre generate --input prompts.jsonl --output texts.jsonl
                """)
        }
    }
}
