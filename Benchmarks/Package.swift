// swift-tools-version: 6.1
import PackageDescription

// Micro-benchmarks of the kernels. A package of its own: who uses Parterre does not resolve what only benchmarks need.
let package = Package(
    name: "parterre-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "parterre", path: ".."),
        // Its allocators stay out of the process: mallocs are counted in AllocationCount.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
    ],
    targets: [
        .target(name: "AllocationCount", path: "AllocationCount"),
        .executableTarget(
            name: "KernelBenchmarks",
            dependencies: [
                "AllocationCount",
                .product(name: "Parterre", package: "parterre"),
                .product(name: "ParterreKernels", package: "parterre"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "KernelBenchmarks",
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
