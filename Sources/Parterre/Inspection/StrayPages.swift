/// Pages of weights or cache that lie on another node than the one whose cores read them: that node had no free memory
/// when they were first touched, and the system took a neighbour's.
public struct StrayPages: Sendable, Equatable {
    /// What they belong to: `weights`, `cache`, …
    public var region: String
    public var wantedNode: Int
    /// Where they lie.
    public var nodes: [Int]
    /// About how many, of all that are resident.
    public var pages: Int
    public var residentPages: Int

    /// One sentence for people: what, where and what to do.
    public var message: String {
        let percent = Double(pages) / Double(max(1, residentPages)) * 100
        let share = percent < 1 ? "less than 1%" : "\(Int(percent.rounded()))%"
        let places = nodes.map(String.init).joined(separator: ", ")
        return "node \(wantedNode) was full: \(share) of its \(region) lies on node \(places) and is read from "
            + "there, more slowly; give --cache-memory less, or free memory on node \(wantedNode)"
    }
}

extension StrayPages {
    /// - Parameter placement: where a region's pages lie; nothing of it is astray where no node was wanted.
    init?(_ placement: PagePlacement) {
        guard let wanted = placement.wantedNode else { return nil }
        let strays = placement.pagesByNode.filter { $0.key != wanted && $0.value > 0 }
        guard !strays.isEmpty else { return nil }
        self.init(
            region: placement.region, wantedNode: wanted, nodes: strays.keys.sorted(),
            pages: strays.values.reduce(0, +), residentPages: placement.pagesByNode.values.reduce(0, +))
    }
}
