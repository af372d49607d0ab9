extension Trace {
    /// What is wrong with a trace that was read from a file, so that nobody who follows its indices gets lost; `nil` where
    /// nothing is.
    public var fault: String? {
        guard settings.blocks >= 0, settings.blocks <= Int(Int32.max), settings.blockTokens > 0 else {
            return "its cache has \(settings.blocks) blocks of \(settings.blockTokens) tokens"
        }
        let columns = [
            steps.duration, steps.layers, steps.attention, steps.head, steps.waiting, steps.blocks, steps.cached,
            steps.swapped,
        ]
        guard columns.allSatisfy({ $0.count == steps.count }) else { return "its steps' columns differ in length" }
        let limit = Int32(clamping: steps.count)
        return runs.fault(sequences: sequences.count, steps: limit)
            ?? holdings.fault(sequences: sequences.count, steps: limit, blocks: settings.blocks)
            ?? cached.fault(sequences: sequences.count, steps: limit, blocks: settings.blocks)
            ?? marks.fault(sequences: sequences.count, steps: limit)
    }
}

extension Trace.Runs {
    fileprivate func fault(sequences: Int, steps: Int32) -> String? {
        guard [step, count, rows, work, tokens].allSatisfy({ $0.count == sequence.count }) else {
            return "its runs' columns differ in length"
        }
        let isSound = sequence.indices.allSatisfy { index in
            sequence[index] >= 0 && sequence[index] < sequences && step[index] >= 0 && count[index] > 0
                && count[index] <= steps && step[index] <= steps - count[index] && rows[index] >= 0
                && tokens[index] >= 0
        }
        return isSound ? nil : "a run names a sequence or a step that is not there"
    }
}

extension Trace.Holdings {
    fileprivate func fault(sequences: Int, steps: Int32, blocks: Int) -> String? {
        guard [logical, block, from, until].allSatisfy({ $0.count == sequence.count }) else {
            return "its holdings' columns differ in length"
        }
        let isSound = sequence.indices.allSatisfy { index in
            sequence[index] >= 0 && sequence[index] < sequences && block[index] >= 0 && block[index] < blocks
                && logical[index] >= 0 && from[index] >= 0 && from[index] <= until[index] && until[index] <= steps
        }
        return isSound ? nil : "a holding names a sequence, a block or a step that is not there"
    }
}

extension Trace.Cached {
    fileprivate func fault(sequences: Int, steps: Int32, blocks: Int) -> String? {
        guard [sequence, from, until, fate].allSatisfy({ $0.count == block.count }) else {
            return "its cached blocks' columns differ in length"
        }
        let isSound = block.indices.allSatisfy { index in
            sequence[index] >= 0 && sequence[index] < sequences && block[index] >= 0 && block[index] < blocks
                && from[index] >= 0 && from[index] <= until[index] && until[index] <= steps
        }
        return isSound ? nil : "a cached block names a sequence, a block or a step that is not there"
    }
}

extension Trace.Marks {
    fileprivate func fault(sequences: Int, steps: Int32) -> String? {
        guard [step, what, detail].allSatisfy({ $0.count == sequence.count }) else {
            return "its marks' columns differ in length"
        }
        let isSound = sequence.indices.allSatisfy { index in
            sequence[index] >= 0 && sequence[index] < sequences && step[index] >= 0 && step[index] <= steps
                && (what[index] != Trace.Happening.forked.rawValue || detail[index] >= 0 && detail[index] < sequences)
        }
        return isSound ? nil : "a mark names a sequence or a step that is not there"
    }
}
