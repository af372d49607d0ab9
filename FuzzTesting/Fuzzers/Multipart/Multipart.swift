import LibFuzzer
import ParserProperties

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt { Multipart.fuzz(start, count) }

@main
enum MultipartFuzzer {
    static func main() { libfuzzer_main(CommandLine.argc, CommandLine.unsafeArgv) }
}
