import CLimits
import Dispatch
import Foundation
import Synchronization

/// What this machine allows, measured in this run with every core at work.
struct Limits {
    /// Bytes per second read from memory.
    var bandwidth: Double
    /// Floating-point operations per second on registers.
    var f32: Double
    /// The same for bf16 pairs; f32's where the CPU has no such instruction.
    var bf16: Double

    static func measure(threads: Int) -> Limits {
        Limits(
            bandwidth: best { readAll(threads) }, f32: best { onAll(threads) { limits_f32(4_000_000) } },
            bf16: max(
                best { onAll(threads) { limits_bf16(4_000_000) } }, best { onAll(threads) { limits_f32(4_000_000) } }))
    }

    private static func best(of tries: Int = 5, _ measure: () -> Double) -> Double {
        (0..<tries).map { _ in measure() }.max()!
    }

    private static func readAll(_ threads: Int) -> Double {
        let bytes = 384 << 20
        let buffers = (0..<threads).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        nonisolated(unsafe) let shared = buffers
        DispatchQueue.concurrentPerform(iterations: threads) { memset(shared[$0].baseAddress!, 1, bytes) }
        return onAll(threads) { thread in
            let sum = limits_read(shared[thread].baseAddress!, Int64(bytes))
            return sum == 1 ? Double(bytes) + 1e-9 : Double(bytes)
        }
    }

    private static func onAll(_ threads: Int, _ work: @escaping @Sendable () -> Double) -> Double {
        onAll(threads) { _ in work() }
    }

    /// Work done by all threads together per second.
    private static func onAll(_ threads: Int, _ work: @Sendable (Int) -> Double) -> Double {
        let total = Mutex(0.0)
        let begin = ContinuousClock.now
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let done = work(thread)
            total.withLock { $0 += done }
        }
        return total.withLock { $0 } / (ContinuousClock.now - begin).seconds
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
