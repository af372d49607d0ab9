// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that the library's manifest stays free of what only micro-benchmarks need.
let package = Package(
    name: "parterre-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "parterre", path: "..")],
    targets: []
)
