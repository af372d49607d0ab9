import Benchmark
import Kernels
import Parterre

/// What it costs that lanes work together. The time of an iteration is that of a thousand.
func registerLanes() {
    register("lanes 1000 barriers") {
        try LanesWorkload { crew in crew.run { lane in for _ in 0..<1000 { lane.barrier() } } }
    }
    register("lanes 1000 jobs") {
        try LanesWorkload { crew in for _ in 0..<1000 { crew.run { _ in } } }
    }
}

struct LanesWorkload: Workload {
    let limits: MachineLimits? = nil
    let work = Work()
    private let crew: WorkerLanes
    private let body: (WorkerLanes) -> Void

    init(_ body: @escaping (WorkerLanes) -> Void) throws {
        crew = try WorkerLanes()
        self.body = body
    }

    mutating func run() { body(crew) }
}
