/// Memory for one kernel call: aligned to 64 bytes, freed with its owner.
final class Memory<Element: BitwiseCopyable> {
    let start: UnsafeMutablePointer<Element>
    let count: Int

    init(_ count: Int, repeating value: Element) {
        let bytes = max(count, 1) * MemoryLayout<Element>.stride
        start = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
            to: Element.self, capacity: max(count, 1))
        start.initialize(repeating: value, count: count)
        self.count = count
    }

    convenience init(_ values: [Element], fallback: Element) {
        self.init(values.count, repeating: fallback)
        values.withUnsafeBufferPointer { start.update(from: $0.baseAddress ?? UnsafePointer(start), count: count) }
    }

    deinit { UnsafeMutableRawPointer(start).deallocate() }

    var values: [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

extension Memory where Element == Float {
    convenience init(_ values: [Float]) { self.init(values, fallback: 0) }
}

extension Memory where Element == UInt8 {
    func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count, "inside the memory")
        return UnsafeRawPointer(start).loadUnaligned(fromByteOffset: offset, as: type)
    }
}

extension Collection where Element == Float {
    /// The bit patterns: what "the same" means in these tests.
    var bits: [UInt32] { map(\.bitPattern) }
}
