extension TraceRecorder {
    /// A fifth of the steps at a time, so that a long run pays for moving the rest only now and then.
    func dropOldSteps() {
        let isFull = steps.count > limits.steps
        let isLarge = holdings.count + runs.count + cached.count > limits.spans && steps.count > limits.leastSteps
        guard isFull || isLarge else { return }
        drop(max(1, steps.count / 5))
    }

    /// Forget the oldest steps; what reaches into later ones begins with the first that is left.
    private func drop(_ count: Int) {
        droppedSteps += count
        for column in [\Trace.Steps.duration, \.layers, \.attention, \.head, \.waiting, \.blocks, \.cached, \.swapped] {
            steps[keyPath: column].removeFirst(count)
        }
        steps.begin.removeFirst(count)
        let first = Int32(count)

        let newHoldings = Self.keep(&holdings) { holding in
            guard holding.until > first else { return nil }
            var kept = holding
            kept.from = max(0, holding.from - first)
            if holding.until != Holding.open { kept.until -= first }
            return kept
        }
        let newRuns = Self.keep(&runs) { run in
            let end = run.step + run.count - first
            guard end > 0 else { return nil }
            var kept = run
            kept.step = max(0, run.step - first)
            kept.count = end - kept.step
            return kept
        }
        let newCached = Self.keep(&cached) { span in
            guard span.until > first else { return nil }
            var kept = span
            kept.from = max(0, span.from - first)
            if span.until != Cached.open { kept.until -= first }
            return kept
        }
        for block in openCached.indices where openCached[block] >= 0 {
            openCached[block] = newCached[Int(openCached[block])]
        }
        _ = Self.keep(&marks) { mark in
            guard mark.step >= first else { return nil }
            var kept = mark
            kept.step -= first
            return kept
        }
        let newSequences = forgetSequences()
        for live in lives.values {
            live.index = newSequences[Int(live.index)]
            live.holdings = live.holdings.map { Int(newHoldings[$0]) }
            live.run = live.run.flatMap { newRuns[$0] < 0 ? nil : Int(newRuns[$0]) }
        }
    }

    /// Sequences that are done and in none of the kept steps.
    private func forgetSequences() -> [Int32] {
        var isNamed = [Bool](repeating: false, count: sequences.count)
        for live in lives.values { isNamed[Int(live.index)] = true }
        for run in runs { isNamed[Int(run.sequence)] = true }
        for holding in holdings { isNamed[Int(holding.sequence)] = true }
        for holding in letGo { isNamed[Int(holding.sequence)] = true }
        for span in cached { isNamed[Int(span.sequence)] = true }
        for mark in marks {
            isNamed[Int(mark.sequence)] = true
            if mark.what == .forked { isNamed[Int(mark.detail)] = true }
        }
        var places = [Int32](repeating: -1, count: sequences.count)
        var kept: [Trace.Sequence] = []
        for index in sequences.indices where isNamed[index] {
            places[index] = Int32(kept.count)
            kept.append(sequences[index])
        }
        sequences = kept
        for index in runs.indices { runs[index].sequence = places[Int(runs[index].sequence)] }
        for index in holdings.indices { holdings[index].sequence = places[Int(holdings[index].sequence)] }
        for index in letGo.indices { letGo[index].sequence = places[Int(letGo[index].sequence)] }
        for index in cached.indices { cached[index].sequence = places[Int(cached[index].sequence)] }
        for index in marks.indices {
            marks[index].sequence = places[Int(marks[index].sequence)]
            if marks[index].what == .forked { marks[index].detail = places[Int(marks[index].detail)] }
        }
        return places
    }

    /// Keep what `change` makes of each element; returns the new place of each, −1 for those that are gone.
    private static func keep<Element>(_ elements: inout [Element], _ change: (Element) -> Element?) -> [Int32] {
        var places = [Int32](repeating: -1, count: elements.count)
        var count = 0
        for index in elements.indices {
            guard let kept = change(elements[index]) else { continue }
            places[index] = Int32(count)
            elements[count] = kept
            count += 1
        }
        elements.removeLast(elements.count - count)
        return places
    }
}
