import LibFuzzer
import ParserProperties

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt { ChatTemplate.fuzz(start, count) }

@main
enum ChatTemplateFuzzer {
    static func main() { libfuzzer_main(CommandLine.argc, CommandLine.unsafeArgv) }
}
