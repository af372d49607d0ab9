import ArgumentParser
import BatchFiles
import Foundation
import Parterre

/// The root of the command line: its help, its version, and the one place where an error becomes an exit code.
@main
struct ParterreCommand: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "parterre",
        abstract:
            "Generate text with BLOOM models on CPUs: batched, through a paged cache, to the same bits in any batch.",
        discussion: """
            EXAMPLES
              parterre generate "The garden in spring"
              parterre generate --input prompts.jsonl --output texts.jsonl
              parterre generate --input prompts.jsonl --output texts.jsonl --resume
              parterre serve --model ./bloom-560m --port 8000
              parterre logits --input ids.jsonl --output logits.safetensors
              echo '{"id": 1, "text": "Hello"}' | parterre tokenize
              parterre inspect --model ./bloom-560m
              parterre quantize ./bloom-560m --weights int8 -o ./bloom-560m-int8
              parterre topology
              parterre bench --shape bloom-560m --weights bf16
              parterre trace demonstration.html

            Without --model the small model that ships with Parterre is used.

            EXIT CODES
              0  all went well
              1  some lines could not be answered, the run was interrupted, or
                 reading or writing failed
              2  wrong usage, or a model, input or output that cannot be used:
                 nothing was written
            """,
        version: version,
        subcommands: [
            GenerateCommand.self, ServeCommand.self, LogitsCommand.self, TokenizeCommand.self, TopologyCommand.self,
            InspectCommand.self, QuantizeCommand.self, BenchCommand.self, TraceCommand.self,
        ])

    static func main() async {
        // A reader that went away (`| head`) shows up as EPIPE from write(2), which ends the run quietly.
        signal(SIGPIPE, SIG_IGN)
        // Likewise EFBIG where files may not grow further (`ulimit -f`).
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Foundation.exit(report(error))
        }
        Foundation.exit(0)
    }

    /// Say what went wrong and return the exit code for it.
    private static func report(_ error: any Error) -> Int32 {
        switch error {
        case let error as CommandError:
            if let message = error.shownMessage { Console.shared.line("parterre: \(message)") }
            return error.exitCode
        case FileError.failed(let message):
            Console.shared.line("parterre: \(message)")
            return 1
        case FileError.readerGone: return 1
        case let error as any UserFacingError:
            // What the library throws before a run has begun: a model, a file or an option that cannot be used.
            Console.shared.line("parterre: \(error.message)")
            return 2
        default:
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if code.isSuccess {
                print(message)
                return 0
            }
            if !message.isEmpty { Console.shared.line(message) }
            return code == .validationFailure ? 2 : code.rawValue
        }
    }
}
