// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that the library's manifest stays free of what only benchmarks need.
let package = Package(
    name: "parterre-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "parterre", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        .target(name: "CLimits"),
        .executableTarget(
            name: "Throughput",
            dependencies: [
                "CLimits", .product(name: "Parterre", package: "parterre"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
