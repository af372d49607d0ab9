// swift-tools-version: 6.1
import PackageDescription

// A fuzzer for each parser that meets outside bytes (README.md). A package of its own: its programs link
// only where everything is compiled for libFuzzer, as scripts/fuzz does.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// Folders of Fuzzers/ and of Parsers/Corpus/.
let fuzzers = [
    "BatchInput", "ChatBody", "ChatTemplate", "CompletionBody", "Configuration", "Multipart", "PackedHeader",
    "RequestLines", "ResumedOutput", "Safetensors", "ShardIndex", "StopSearch", "TokenizerJSON", "TokenizerText",
]

let package = Package(
    name: "parterre-fuzz-testing",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "parterre", path: "..")],
    targets: [
        // The main package's test of the corpus has the same sources.
        .target(
            name: "ParserProperties", dependencies: [.product(name: "ParterreParsers", package: "parterre")],
            path: "Parsers/Properties", swiftSettings: strict),
        .target(name: "LibFuzzer", path: "LibFuzzer"),
    ]
        + fuzzers.map { name in
            .executableTarget(
                name: name + "Fuzzer", dependencies: ["LibFuzzer", "ParserProperties"], path: "Fuzzers/\(name)",
                swiftSettings: strict)
        }
)
