import Synchronization

/// How large the keys are that a store has ever held, head by head: what attention needs to know which keys are too far to
/// weigh anything, before it reads them. A bound, not a property of a sequence: it saves work and changes no bit.
final class KeyNorms: @unchecked Sendable {
    let table: KeyNormTable
    private let count: Int

    init(_ layout: KeyValueLayout) {
        let pieces = KeyNormTable.piece(of: layout.headDim - 1) + 1
        count = layout.layers * layout.heads * pieces
        table = KeyNormTable(squares: .allocate(capacity: count), heads: layout.heads, pieces: pieces)
        for index in 0..<count { (table.squares + index).initialize(to: Atomic(0)) }
    }

    deinit { table.squares.deallocate() }
}

/// A store's `KeyNorms`, borrowed.
struct KeyNormTable: @unchecked Sendable {
    // Unchecked because of the pointer alone: lanes may store keys of one piece at the same time, a barrier lies between
    // storing and asking. The bits of floats that are not negative are in their order.
    fileprivate let squares: UnsafeMutablePointer<Atomic<UInt32>>
    fileprivate let heads: Int
    /// Panels whose columns a head's key can lie in.
    fileprivate let pieces: Int

    /// Pieces begin at dim 0 and wherever a panel does, so two never get the same number.
    fileprivate static func piece(of firstDim: Int) -> Int { PanelPlan.panels(firstDim) }

    private func first(layer: Int, head: Int) -> Int { (layer * heads + head) * pieces }

    /// Take note of keys whose dims from `firstDim` on have no greater sum of squares than `square`, which is not negative.
    func note(_ square: Float, layer: Int, head: Int, firstDim: Int) {
        let index = first(layer: layer, head: head) + Self.piece(of: firstDim)
        guard square.bitPattern > squares[index].load(ordering: .relaxed) else { return }
        squares[index].max(square.bitPattern, ordering: .relaxed)
    }

    /// No key of the head has a greater norm, in whatever format it is held; 0 if none was stored.
    func bound(layer: Int, head: Int) -> Float {
        let first = first(layer: layer, head: head)
        var sum: Float = 0
        for piece in first..<first + pieces { sum += Float(bitPattern: squares[piece].load(ordering: .relaxed)) }
        return sum.squareRoot() * Self.rounding
    }

    /// Covers what bf16 adds to a number (2⁻⁸ of it), and the sums' own rounding.
    private static let rounding: Float = 1.01
}
