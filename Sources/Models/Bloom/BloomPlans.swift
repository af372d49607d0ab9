import Kernels

/// How a model's matrices are cut into panels and dealt to the nodes, and what memory that takes.
struct BloomPlans {
    /// Of the embedding and of the head.
    let vocabulary: PanelPlan
    let queryKeyValue: PanelPlan
    let dense: PanelPlan
    let up: PanelPlan
    let down: PanelPlan
    private let shape: BloomConfiguration

    init(_ shape: BloomConfiguration, format: WeightFormat, headFormat: WeightFormat, crew: WorkerLanes) {
        let hidden = shape.hiddenSize
        func plan(_ columns: Int, _ k: Int) -> PanelPlan {
            PanelPlan(columns: columns, k: k, format: format, crew: crew)
        }
        vocabulary = PanelPlan(columns: shape.vocabularySize, k: hidden, format: headFormat, crew: crew)
        queryKeyValue = plan(3 * hidden, hidden)
        dense = plan(hidden, hidden)
        up = plan(4 * hidden, hidden)
        down = plan(hidden, 4 * hidden)
        self.shape = shape
    }

    /// Bytes of a region that holds the node's panels; the first node's holds the vectors too.
    func bytes(onNode node: Int) -> Int {
        func bytes(_ plan: PanelPlan) -> Int { RegionAllocator.footprint(plan.bytes(onNode: node)) }
        let layer = [queryKeyValue, dense, up, down].reduce(0) { $0 + bytes($1) }
        let matrices = bytes(vocabulary) * (shape.tiedHead ? 1 : 2) + shape.layerCount * layer
        return matrices + (node == 0 ? vectorBytes : 0)
    }

    private var vectorBytes: Int {
        func bytes(_ count: Int) -> Int { RegionAllocator.footprint(count * shape.hiddenSize * 4) }
        let norm = 2 * bytes(1)
        let layer = 2 * norm + bytes(3) + bytes(1) + bytes(4) + bytes(1)
        return 2 * norm + shape.layerCount * layer
    }

    /// - Throws: `KernelError.outOfMemory`.
    func regions(crew: WorkerLanes) throws -> [NodeRegion] {
        try crew.nodes.indices.map { node in
            try NodeRegion(
                byteCount: bytes(onNode: node), node: crew.machine.canPlace ? crew.nodes[node].id : nil,
                purpose: "the packed weights")
        }
    }
}
