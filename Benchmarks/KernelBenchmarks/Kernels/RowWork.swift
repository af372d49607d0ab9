import CKernels
import Kernels
import Parterre

/// Work on single rows, on one thread and in its caches; bytes are those read.
func registerRowWork(_ isa: String) {
    func add(_ name: String, count: Int, rows: Int = 64, _ body: @escaping RowWorkload.Body) {
        register("row \(name) \(count) \(isa)") { try RowWorkload(count: count, rows: rows, isa: isa, body) }
    }
    add("layer norm", count: 1024) { kernels, x, out, count in
        // Any numbers do for gamma and beta.
        kernels.layerNorm(x, gamma: x, beta: x, epsilon: 1e-5, count: count, out: out)
    }
    add("gelu", count: 4096) { kernels, x, out, count in kernels.table.pointee.gelu(x, Int64(count), out) }
    add("exp", count: 4096) { kernels, x, out, count in kernels.table.pointee.exp(x, Int64(count), out) }
    add("form bf16", count: 4096) { kernels, x, out, count in
        kernels.table.pointee.form_bf16(x, Int64(count), out)
    }
    add("form int8", count: 4096) { kernels, x, out, count in
        // Room for 4096 floats: the whole numbers first, their sums behind them.
        let bytes = UnsafeMutableRawPointer(out)
        let sums = (bytes + count).assumingMemoryBound(to: Int32.self)
        _ = kernels.table.pointee.form_int8(x, Int64(count), bytes.assumingMemoryBound(to: Int8.self), sums)
    }
    let vocabulary = 250_880
    add("argmax", count: vocabulary, rows: 1) { kernels, x, out, count in
        out[0] = Float(kernels.argmax(UnsafeBufferPointer(start: x, count: count)))
    }
    add("softmax sums", count: vocabulary, rows: 1) { kernels, x, out, count in
        out[0] = kernels.softmaxSums(UnsafeBufferPointer(start: x, count: count)).max
    }
}

struct RowWorkload: Workload {
    typealias Body = (
        _ kernels: KernelSet, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Void

    let limits: MachineLimits? = nil
    let work: Work
    private let kernels: KernelSet
    private let arena = Arena()
    private let x: UnsafeMutablePointer<Float>
    private let out: UnsafeMutablePointer<Float>
    private let count: Int
    private let rows: Int
    private let passes: Int
    private let body: Body

    /// Elements of an iteration: long enough for the clock.
    private static let elements = 1 << 20

    init(count: Int, rows: Int, isa: String, _ body: @escaping Body) throws {
        kernels = try KernelSet.select(named: isa)
        (self.count, self.rows, self.body) = (count, rows, body)
        x = try arena.randomFloats(count * rows)
        out = try arena.randomFloats(2 * count)
        passes = max(1, Self.elements / (count * rows))
        work = Work(bytes: Double(4 * count * rows * passes))
    }

    mutating func run() {
        for _ in 0..<passes {
            for row in 0..<rows { body(kernels, x + row * count, out, count) }
        }
    }
}
