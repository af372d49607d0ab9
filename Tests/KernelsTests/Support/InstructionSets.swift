import CKernels

@testable import Kernels

/// The instruction sets that this CPU can run, best first, each with its kernels.
var instructionSets: [(name: String, kernels: pk_kernels)] {
    KernelSet.available.compactMap { name in pk_find(name).map { (name, $0.pointee) } }
}

/// The best of them.
var bestKernels: KernelSet { KernelSet(table: pk_find(KernelSet.available[0])!) }

/// Results of all instruction sets that differ in a bit from the first one's, as a sentence; nil if all agree.
func disagreement(_ compute: (pk_kernels) -> [Float]) -> String? {
    guard let first = instructionSets.first else { return "no instruction set" }
    let expected = compute(first.kernels)
    for other in instructionSets.dropFirst() {
        let found = compute(other.kernels)
        if let at = zip(expected.bits, found.bits).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
            return "\(other.name) yields \(found[at]) at \(at), \(first.name) \(expected[at])"
        }
    }
    return nil
}
