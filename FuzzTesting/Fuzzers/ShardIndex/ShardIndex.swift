import LibFuzzer
import ParserProperties

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt { ShardIndex.fuzz(start, count) }

@main
enum ShardIndexFuzzer {
    static func main() { libfuzzer_main(CommandLine.argc, CommandLine.unsafeArgv) }
}
