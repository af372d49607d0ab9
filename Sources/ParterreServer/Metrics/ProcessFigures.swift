import Foundation

/// What the system says of this process, under the names that Prometheus' own clients use.
struct ProcessFigures {
    /// `nil` where there is no `/proc`.
    var residentBytes: Int?
    var openFiles: Int?
    var cpuSeconds: Double

    init() {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) }
        residentBytes = pages.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }
        openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
        cpuSeconds = Double(clock()) / Double(CLOCKS_PER_SEC)
    }
}

extension PrometheusText {
    mutating func append(_ process: ProcessFigures) {
        if let bytes = process.residentBytes {
            gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.", Double(bytes))
        }
        if let files = process.openFiles {
            gauge("process_open_fds", "Open files and connections of the process.", Double(files))
        }
        metric(
            "process_cpu_seconds_total", .counter, "Time that cores worked for the process.", [([], process.cpuSeconds)]
        )
    }
}
