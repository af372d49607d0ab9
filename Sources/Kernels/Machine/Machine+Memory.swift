import Foundation

extension Machine {
    /// Bytes that can still be taken without swapping: of the system or of this process's cgroup, whichever is less.
    public static func availableBytes() -> Int {
        var available = Int.max
        if let bytes = meminfo("/proc/meminfo")["MemAvailable"] { available = bytes }
        let group = "/sys/fs/cgroup/"
        if let limit = readInteger(group + "memory.max"), let used = readInteger(group + "memory.current") {
            available = min(available, max(0, limit - used))
        }
        return available == Int.max ? Int(ProcessInfo.processInfo.physicalMemory / 2) : available
    }

    /// Bytes that can still be taken of one node: free pages, and those that hold copies of files or the kernel's
    /// reclaimable objects. `nil` where the system does not tell.
    public static func availableBytes(onNode id: Int) -> Int? {
        let node = meminfo("/sys/devices/system/node/node\(id)/meminfo")
        guard let free = node["MemFree"] else { return nil }
        let reclaimable = ["Active(file)", "Inactive(file)", "SReclaimable"].reduce(0) { $0 + (node[$1] ?? 0) }
        return free + reclaimable
    }

    /// `[Node N] Name: K kB` by name, in bytes; empty when the file cannot be read.
    private static func meminfo(_ path: String) -> [String: Int] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
        var values: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let name = fields.firstIndex(where: { $0.hasSuffix(":") }), name + 1 < fields.count,
                let kibibytes = Int(fields[name + 1])
            else { continue }
            values[String(fields[name].dropLast())] = kibibytes * 1024
        }
        return values
    }

    private static func readInteger(_ path: String) -> Int? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
