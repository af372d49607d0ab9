import CKernels

@testable import Kernels

/// The instruction sets that this CPU can run, best first, each with its kernels.
var instructionSets: [(name: String, kernels: pk_kernels)] {
    KernelSet.available.compactMap { name in pk_find(name).map { (name, $0.pointee) } }
}

/// The best of them.
var bestKernels: KernelSet { KernelSet(table: pk_find(KernelSet.available[0])!) }

extension pk_kernels {
    /// Whether bf16 products add in the order of AMX's tiles: the one thing in which instruction sets may differ.
    var addsInTiles: Bool { bf16_order == Int32(PK_PAIRS_IN_TILES.rawValue) }
}

/// Results of all instruction sets that differ in a bit from the first one's, as a sentence; nil if all agree.
///
/// - Parameter inTiles: only of those that add bf16 in that order.
func disagreement(inTiles: Bool? = nil, _ compute: (pk_kernels) -> [Float]) -> String? {
    let sets = instructionSets.filter { inTiles == nil || $0.kernels.addsInTiles == inTiles }
    guard let first = sets.first else { return inTiles == true ? nil : "no instruction set" }
    let expected = compute(first.kernels)
    for other in sets.dropFirst() {
        let found = compute(other.kernels)
        if let at = zip(expected.bits, found.bits).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
            return "\(other.name) yields \(found[at]) at \(at), \(first.name) \(expected[at])"
        }
    }
    return nil
}
