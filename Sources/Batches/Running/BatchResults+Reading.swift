import BatchFiles
import Foundation

extension BatchResults {
    /// Add up what is in the results. Blocks.
    init(output: String, errors: String, total: Int) throws {
        self.init()
        counts.total = total
        try Self.forEachLine(of: output) { line in
            counts.completed += 1
            guard let body = line.response?.body else { return }
            model = model ?? body.model
            usage.inputTokens += body.usage?.promptTokens ?? 0
            usage.outputTokens += body.usage?.completionTokens ?? 0
        }
        // A line that was not tried has no response.
        try Self.forEachLine(of: errors) { if $0.response != nil { counts.failed += 1 } }
    }

    private struct Line: Decodable {
        struct Response: Decodable { var body: Body? }
        struct Body: Decodable {
            var model: String?
            var usage: Usage?
        }
        struct Usage: Decodable {
            var promptTokens: Int
            var completionTokens: Int

            enum CodingKeys: String, CodingKey {
                case promptTokens = "prompt_tokens"
                case completionTokens = "completion_tokens"
            }
        }
        var response: Response?
    }

    private static func forEachLine(of path: String, _ visit: (Line) -> Void) throws {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        var splitter = LineSplitter(limit: .max)
        func visitLines() {
            while case .whole(let bytes) = splitter.next() {
                if let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) { visit(line) }
            }
        }
        while let bytes = try file.read(upToCount: 1 << 20), !bytes.isEmpty {
            splitter.append(bytes)
            visitLines()
        }
    }
}
