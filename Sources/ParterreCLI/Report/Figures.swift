import Foundation

/// Numbers as people read them.
enum Figures {
    /// `512 B`, `1.50 KiB`, `2.00 GiB`.
    static func bytes(_ count: Int) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        if count < 1024 { return "\(count) B" }
        var value = Double(count)
        var unit = -1
        repeat {
            value /= 1024
            unit += 1
        } while value >= 1023.995 && unit < units.count - 1
        return decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0) + " " + units[unit]
    }

    static func rate(_ value: Double) -> String { decimal(value, value < 100 ? 1 : 0) }

    static func percent(_ share: Double) -> String { decimal(share * 100, 0) + "%" }

    static func seconds(_ value: Double) -> String { decimal(value, value < 10 ? 2 : 1) + " s" }

    /// `0.35 µs`, `12.3 ms`, `1.20 s`.
    static func duration(_ seconds: Double) -> String {
        for (unit, scale) in [("s", 1), ("ms", 1e-3), ("µs", 1e-6)] as [(String, Double)]
        where seconds >= 0.9995 * scale || unit == "µs" {
            let value = seconds / scale
            return decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0) + " " + unit
        }
        return ""
    }

    /// Billions: `0.42`, `31.0`, `1150`.
    static func billions(_ value: Double) -> String {
        let value = value / 1e9
        return decimal(value, value < 1 ? 2 : value < 100 ? 1 : 0)
    }

    /// `00:07`, `12:30`, `3:00:00`.
    static func clock(_ seconds: Double) -> String {
        let whole = seconds.isFinite ? Int(min(max(0, seconds), 8_640_000).rounded()) : 0
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let tail = twoDigits(minutes) + ":" + twoDigits(rest)
        return hours > 0 ? "\(hours):\(tail)" : tail
    }

    /// `12:04:33`, local. By libc: Foundation's formatters bring ICU and its time zones into memory, 4 MB of a process.
    static func timeOfDay(_ time: Date) -> String {
        var seconds = time_t(time.timeIntervalSince1970.rounded(.down))
        var parts = tm()
        localtime_r(&seconds, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { twoDigits(Int($0)) }.joined(separator: ":")
    }

    /// `1,234,567`.
    static func grouped(_ count: Int) -> String {
        count.formatted(.number.locale(Locale(identifier: "en_US")))
    }

    private static func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
