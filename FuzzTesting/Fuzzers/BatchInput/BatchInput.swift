import LibFuzzer
import ParserProperties

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt { BatchInput.fuzz(start, count) }

@main
enum BatchInputFuzzer {
    static func main() { libfuzzer_main(CommandLine.argc, CommandLine.unsafeArgv) }
}
