import Kernels

/// The formats that fix an engine's arithmetic. Within one of them nothing may change a bit; between two everything may.
struct Arithmetic: CustomStringConvertible {
    var weights: WeightFormat
    /// The head's format, and the tied embedding's.
    var head: WeightFormat
    var keyValues: KeyValueFormat

    init(_ weights: WeightFormat, head: WeightFormat? = nil, keyValues: KeyValueFormat) {
        (self.weights, self.head, self.keyValues) = (weights, head ?? weights, keyValues)
    }

    /// Every format of weights with every format of the cache, and heads in a format of their own.
    static let all =
        WeightFormat.allCases.flatMap { weights in
            KeyValueFormat.allCases.map { Arithmetic(weights, keyValues: $0) }
        } + [Arithmetic(.int8, head: .bf16, keyValues: .bf16), Arithmetic(.int4, head: .int8, keyValues: .f32)]

    /// One of these for each seed; the kernels too, so that seeds meet all pairs of them.
    static func of(seed: UInt64) -> (arithmetic: Arithmetic, kernels: String) {
        let sets = KernelSet.available
        return (all[Int(seed) % all.count], sets[Int(seed) / 2 % sets.count])
    }

    /// Whether some product is of bf16 weights: AMX's tiles add these in an order of their own.
    var multipliesBF16: Bool { weights == .bf16 || head == .bf16 }

    var description: String { "weights \(weights), head \(head), keys and values \(keyValues)" }
}
