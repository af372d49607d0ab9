import Foundation
import Testing

/// What the documentation shows is what is compiled: the programs of Snippets/, which every build of the package builds.
@Suite(.timeLimit(.minutes(10))) struct DocumentationTests {
    private static let root = (0..<3).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    private static let catalogue = root.appending(path: "Sources/Parterre/Parterre.docc")
    private static let tutorial = root.appending(path: "Snippets/Tutorial")
    static let programs = ["Bits", "Cancel", "Fork", "Generate", "Sample", "Score", "Serve", "Stream"]

    private static func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

    private static func files(_ folder: URL, _ suffix: String) throws -> [URL] {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return try #require(files).compactMap { $0 as? URL }.filter { $0.pathExtension == suffix }
    }

    /// Blocks of Swift in a page.
    private static func blocks(_ page: String) -> [String] {
        page.components(separatedBy: "```swift\n").dropFirst().compactMap { $0.components(separatedBy: "\n```").first }
    }

    @Test("the tutorial shows the programs that are compiled, each of them")
    func tutorialFiles() throws {
        let shown = try Self.files(Self.catalogue.appending(path: "Resources"), "swift")
        #expect(shown.map(\.lastPathComponent).sorted() == Self.programs.map { $0 + ".swift" })
        #expect(
            try Self.files(Self.tutorial, "swift").map(\.lastPathComponent).sorted()
                == Self.programs.map { $0 + ".swift" })
        let steps = try Self.text(Self.catalogue.appending(path: "Tutorials/First-Garden.tutorial"))
        for url in shown {
            let compiled = Self.tutorial.appending(path: url.lastPathComponent)
            #expect(try Self.text(url) == Self.text(compiled), "copy \(compiled.path()) to \(url.path())")
            #expect(steps.contains("file: \"\(url.lastPathComponent)\""), "no step shows \(url.lastPathComponent)")
        }
        #expect(steps.components(separatedBy: "@Code(").count == Self.programs.count + 1)
    }

    @Test("Swift in the pages and in the README is quoted from programs that are compiled")
    func quotations() throws {
        let compiled = try Self.files(Self.root.appending(path: "Snippets"), "swift").map(Self.text)
        let pages = try Self.files(Self.catalogue, "md") + [Self.root.appending(path: "README.md")]
        var count = 0
        for page in pages {
            for block in Self.blocks(try Self.text(page)) {
                count += 1
                #expect(
                    compiled.contains { $0.contains(block + "\n") },
                    "\(page.lastPathComponent) shows what no program says:\n\(block)")
            }
        }
        #expect(count >= 8)
    }

    @Test("every program of the tutorial runs to its end", arguments: programs)
    func programsRun(_ name: String) async throws {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
        let process = Process()
        process.executableURL = (bundle?.deletingLastPathComponent() ?? Bundle.main.bundleURL).appending(path: name)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let (ended, signal) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in signal.finish() }
        try process.run()
        // What they print fits into the pipe.
        for await _ in ended {}
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        let printed = try #require(try output.fileHandleForReading.readToEnd())
        #expect(printed.count > 20)
    }
}
