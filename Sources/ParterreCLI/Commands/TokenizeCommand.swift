import ArgumentParser
import BatchFiles
import Forms
import Foundation
import Parterre

struct TokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Turn texts into token ids, or back with --decode.",
        discussion: """
            JSON lines {"id": …, "text": "…"} become {"id": …, "token_ids": […]}; with --decode the other way. The \
            folder of --model need hold nothing but a tokenizer.json.

            EXAMPLES
              echo '{"id": 1, "text": "Hello world"}' | parterre tokenize
              echo '{"id": 1, "token_ids": [5, 9]}' | parterre tokenize --decode
            """)

    @OptionGroup var model: ModelOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("JSON lines; - is standard input, the default of a pipe.", valueName: "file"))
    var input: String?

    @Flag(help: "Token ids in, texts out.")
    var decode = false

    @Flag(help: "With --decode: leave special tokens out of the text.")
    var skipSpecialTokens = false

    func validate() throws {
        if skipSpecialTokens && !decode { throw ValidationError("--skip-special-tokens needs --decode") }
    }

    func run() async throws {
        if input == nil && isatty(STDIN_FILENO) == 1 {
            throw CommandError.usage(
                """
                there is nothing to tokenize. Give an input file or a pipe, e.g.
                  echo '{"id": 1, "text": "Hello world"}' | parterre tokenize
                """)
        }
        let file = try InputFile(input ?? "-")
        let tokenizer = try Self.tokenizer(of: model.source)
        let writer = LineWriter.standardOutput()
        let form: TextLine.Form = decode ? .tokenIDs : .text
        var failures = 0
        var lines = InputLines(file)
        while let line = try await lines.next() {
            switch TextLine.parse(line, form) {
            case .success(let line):
                try await writer.write(line.answer(tokenizer, skipSpecialTokens: skipSpecialTokens))
            case .failure(let bad):
                failures += 1
                try await writer.write(
                    NativeLine.failure(id: bad.id ?? LineID(line: bad.number), line: bad.number, error: bad.error))
            }
        }
        if failures > 0 { throw CommandError.failed("\(failures) lines could not be read") }
    }

    private static func tokenizer(of source: ModelSource) throws -> Tokenizer {
        guard let folder = source.url else {
            throw CommandError.input("the model that ships with Parterre is not beside the program: give --model")
        }
        let file = folder.appending(path: "tokenizer.json")
        if access(file.path(percentEncoded: false), R_OK) != 0 {
            let path = folder.path(percentEncoded: false)
            throw CommandError.input("there is no tokenizer.json to read in \(path)")
        }
        return try Tokenizer(contentsOf: file)
    }
}
