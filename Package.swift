// swift-tools-version: 6.1
import PackageDescription

// One module per room of the house (docs/architecture.md). Arrows point one way, from top to bottom of this list's end
// to its beginning: nothing below imports what stands above it.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func room(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

// Compiled into the program: a page must come out wherever the program is installed.
let tracePage = [
    "page.html", "style.css", "model.js", "raster.js", "axis.js", "panel.js", "blocks.js",
    "swap.js", "batch.js", "time.js", "lanes.js", "overview.js", "figures.js", "main.js",
].map { Resource.embedInCode("Tracing/Page/\($0)") }
let pageParts = ["common.css", "words.js", "colours.js"].map { Resource.embedInCode("PageParts/\($0)") }
let serverPage = [
    "page.html", "style.css", "connection.js", "text.js", "probabilities.js", "compose.js", "live.js", "batch.js",
    "blocks.js",
    "figures.js", "main.js",
].map { Resource.embedInCode("Page/Files/\($0)") }

let package = Package(
    name: "parterre",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Parterre", targets: ["Parterre"]),
        .library(name: "ParterreServer", targets: ["ParterreServer"]),
        // For Benchmarks/ alone: what is below Parterre's surface changes without notice.
        .library(name: "ParterreKernels", targets: ["Kernels", "CKernels"]),
        // For FuzzTesting/ alone.
        .library(name: "ParterreParsers", targets: ["BatchFiles", "Batches"]),
        .executable(name: "parterre", targets: ["ParterreCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CNUMA", pkgConfig: "numa", providers: [.apt(["libnuma-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .target(name: "CKernels"),
        .target(name: "CLimits"),
        room("Basics", []),
        room("Kernels", ["Basics", "CKernels", "CNUMA"]),
        room("PagedCache", ["Basics", "Kernels"]),
        room("Models", ["Basics", "CKernels", "Kernels", "PagedCache"]),
        room("Tokenizers", ["Basics", heap]),
        room("ChatTemplates", ["Basics"]),
        room("Scheduler", ["Basics", "CKernels", "Kernels", "PagedCache", "Models", "Tokenizers", logging, deque]),
        room(
            "Parterre",
            [
                "Basics", "ChatTemplates", "CKernels", "CLimits", "Kernels", "PagedCache", "Models", "Tokenizers",
                "Scheduler",
                logging, metrics, lifecycle,
            ],
            resources: [.copy("Resources/default-model")] + pageParts + tracePage),
        room("Forms", ["Basics", "Parterre"]),
        room("BatchFiles", ["Basics", "Forms", "Parterre"]),
        room("Batches", ["Basics", "BatchFiles", "Forms", "Parterre", logging]),
        room(
            "ParterreServer",
            [
                "Basics", "BatchFiles", "Batches", "Forms", "Parterre", hummingbird, hummingbirdCore, httpTypes,
                nioCore, nioHTTP1, nioPosix, lifecycle, logging,
            ],
            resources: serverPage),
        .executableTarget(
            name: "ParterreCLI",
            dependencies: [
                "Basics", "CMalloc", "Parterre", "Forms", "BatchFiles", "ParterreServer", argumentParser, lifecycle,
                logging,
            ],
            swiftSettings: strict),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        tests("KernelsTests", ["TestSupport", "Kernels", "CKernels", "Basics"]),
        tests("PagedCacheTests", ["TestSupport", "PagedCache", "Kernels", "Basics"]),
        tests("ModelsTests", ["TestSupport", "Models", "Kernels", "PagedCache", "Basics", "CKernels"]),
        tests("TokenizersTests", ["TestSupport", "Tokenizers", "Basics"], resources: [.copy("Fixtures")]),
        tests("ChatTemplatesTests", ["TestSupport", "ChatTemplates", "Basics"], resources: [.copy("Fixtures")]),
        tests(
            "SchedulerTests", ["TestSupport", "Scheduler", "Models", "PagedCache", "Kernels", "Tokenizers", "Basics"],
            resources: [.copy("Fixtures")]),
        tests("ParterreTests", ["TestSupport", "Parterre", "Basics", logging, metrics, metricsTestKit, lifecycle]),
        tests(
            "InvarianceTests",
            ["TestSupport", "Parterre", "Scheduler", "Models", "PagedCache", "Kernels", "Basics", logging]),
        tests("ParityTests", ["TestSupport", "Parterre"], resources: [.copy("Fixtures")]),
        tests("FormsTests", ["TestSupport", "Forms", "Parterre"]),
        tests("BatchFilesTests", ["TestSupport", "BatchFiles", "Forms", "Parterre"]),
        tests("BatchesTests", ["TestSupport", "Batches", "BatchFiles", "Forms", "Parterre", logging]),
        tests(
            "ParterreServerTests",
            ["TestSupport", "ParterreServer", "Batches", "Forms", "Parterre", httpTypes, lifecycle, logging]),
        tests(
            "CommandLineTests",
            ["TestSupport", "ParterreCLI", "Forms", "BatchFiles", "Parterre", argumentParser, logging]),
        // Its sources and its corpus are the fuzzers' too (FuzzTesting/README.md).
        .testTarget(
            name: "ParserTests",
            dependencies: [
                "BatchFiles", "Batches", "ChatTemplates", "Forms", "Parterre", "Scheduler", "Tokenizers", "Models",
                "Kernels",
                "Basics",
            ],
            path: "FuzzTesting/Parsers", resources: [.copy("Corpus")], swiftSettings: strict),
    ]
)
