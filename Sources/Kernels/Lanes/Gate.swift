import CKernels
import Foundation
import Synchronization

/// A counter that threads wait on: they spin a while, then park. Opening it costs one atomic step unless somebody parked.
final class Gate: Sendable {
    private let generation = Atomic<Int>(0)
    private let parked = Atomic<Int>(0)
    private let condition = NSCondition()

    var current: Int { generation.load(ordering: .acquiring) }

    /// Let everyone pass who waits for the current generation to end.
    func open() {
        generation.add(1, ordering: .sequentiallyConsistent)
        // Pairs with the waiter's order (count itself, then look again): one of the two sees the other.
        guard parked.load(ordering: .sequentiallyConsistent) > 0 else { return }
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }

    /// Return once the generation is no longer `old`.
    func wait(past old: Int, spins: Int) {
        for _ in 0..<spins {
            if generation.load(ordering: .acquiring) != old { return }
            pk_spin_hint()
        }
        condition.lock()
        parked.add(1, ordering: .sequentiallyConsistent)
        while generation.load(ordering: .sequentiallyConsistent) == old { condition.wait() }
        parked.subtract(1, ordering: .sequentiallyConsistent)
        condition.unlock()
    }
}
