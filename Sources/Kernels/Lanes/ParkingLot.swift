import Foundation
import Synchronization

/// Where threads sleep that have spun long enough for something that another thread brings about.
final class ParkingLot: Sendable {
    private let parked = Atomic<Int>(0)
    private let condition = NSCondition()

    /// Wake who sleeps here; costs a look unless somebody does. Call it after a sequentially consistent step that made true
    /// what they wait for.
    func wakeAll() {
        // Pairs with the sleeper's order (count itself, then look again): one of the two sees the other.
        guard parked.load(ordering: .sequentiallyConsistent) > 0 else { return }
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }

    /// Sleep until `isThere`, which looks in a sequentially consistent way.
    func sleep(until isThere: () -> Bool) {
        condition.lock()
        parked.add(1, ordering: .sequentiallyConsistent)
        while !isThere() { condition.wait() }
        parked.subtract(1, ordering: .sequentiallyConsistent)
        condition.unlock()
    }
}
