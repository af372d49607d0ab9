import LibFuzzer
import ParserProperties

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt { RequestLines.fuzz(start, count) }

@main
enum RequestLinesFuzzer {
    static func main() { libfuzzer_main(CommandLine.argc, CommandLine.unsafeArgv) }
}
