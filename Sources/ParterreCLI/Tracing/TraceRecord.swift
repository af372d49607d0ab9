import Forms
import Foundation
import Parterre

/// A trace that was written as JSON.
enum TraceRecord {
    /// - Throws: `CommandError.input` where the file cannot be read or is no such record.
    static func read(_ path: String) throws -> Trace {
        let bytes: Data
        do { bytes = try Data(contentsOf: URL(filePath: path)) } catch {
            throw CommandError.input("cannot read \(path): \(error.localizedDescription)")
        }
        let trace: Trace
        do { trace = try JSONDecoder().decode(Trace.self, from: bytes) } catch {
            throw CommandError.input("\(path) is no trace that parterre has recorded (--trace FILE.json)")
        }
        guard trace.format == Trace.currentFormat else {
            throw CommandError.input(
                "\(path) has format \(trace.format) and this program reads \(Trace.currentFormat): record it again")
        }
        if let fault = trace.fault { throw CommandError.input("\(path) is damaged: \(fault)") }
        return trace
    }
}
