import CKernels
import Synchronization

/// A counter that threads wait on: they spin a while, then park. Opening it costs one atomic step unless somebody parked.
final class Gate: Sendable {
    private let generation = Atomic<Int>(0)
    private let parking = ParkingLot()

    /// Let everyone pass who waits for the current generation to end.
    func open() {
        generation.add(1, ordering: .sequentiallyConsistent)
        parking.wakeAll()
    }

    /// Return once the generation is no longer `old`.
    func wait(past old: Int, spins: Int) {
        for _ in 0..<spins {
            if generation.load(ordering: .acquiring) != old { return }
            pk_spin_hint()
        }
        parking.sleep { generation.load(ordering: .sequentiallyConsistent) != old }
    }
}
