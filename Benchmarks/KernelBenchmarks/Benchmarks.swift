import Benchmark
import Kernels

/// What `swift package benchmark` runs. A name is `kernel format shape M=rows instruction-set`; `--filter` takes a regular
/// expression of the whole name.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration.warmupIterations = 2
    Benchmark.defaultConfiguration.maxDuration = .milliseconds(250)
    Benchmark.defaultConfiguration.maxIterations = 2000
    for isa in KernelSet.available {
        registerProducts(isa)
        registerAttention(isa)
        registerRowWork(isa)
        registerPacking(isa)
    }
    registerLanes()
}
