/// What becomes of a sequence that must give up its blocks.
public enum PreemptionMethod: String, Sendable, CaseIterable {
    /// Whichever of the two below takes less time by what copies and steps have taken so far.
    case auto
    /// It is computed again from its tokens.
    case recompute
    /// Its keys and values are copied into the swap space, and back later; computed again where the space is full.
    case swap
}

/// What it takes to bring a preempted sequence back, in seconds of the whole machine.
struct PreemptionCost {
    /// Stored tokens, and the bytes of their blocks.
    var tokens: Int
    var bytes: Int

    /// Out and back.
    func swapping(bytesPerSecond: Double) -> Double { 2 * Double(bytes) / bytesPerSecond }

    /// Its tokens ride in steps that prompts fill well. Attention comes on top, so this is the least it takes.
    func recomputing(by costs: StepCosts, mostRows: Int) -> Double {
        Double(tokens) * costs.secondsPerPromptRow(mostRows: mostRows)
    }
}
