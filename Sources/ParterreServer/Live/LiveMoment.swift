import Forms
import Parterre

/// What `/live` tells of one moment.
enum LiveMoment: Sendable, Equatable {
    /// Share of the weights that is packed.
    case loading(progress: Double)
    case serving(EngineSnapshot, isDraining: Bool)

    /// - Parameter milliseconds: since some moment, so that rates can be worked out.
    func json(at milliseconds: Int) -> JSON {
        switch self {
        case .loading(let progress): .object(["at": .integer(milliseconds), "loading": .number(progress)])
        case .serving(let snapshot, let isDraining):
            .object([
                "at": .integer(milliseconds),
                "draining": .bool(isDraining),
                "running": .integer(snapshot.status.runningSequences),
                "waiting": .integer(snapshot.status.waitingSequences),
                "steps": .integer(snapshot.status.steps),
                "prompt_tokens": .integer(snapshot.status.promptTokens),
                "generated_tokens": .integer(snapshot.status.generatedTokens),
                "prefix_queries": .integer(snapshot.status.prefixCacheQueries),
                "prefix_hits": .integer(snapshot.status.prefixCacheHits),
                "preemptions": .integer(snapshot.status.preemptions),
                "sequences": .array(snapshot.sequences.map(\.json)),
                "unlisted": .integer(snapshot.unlisted),
                "blocks": .object([
                    "total": .integer(snapshot.status.cacheBlocks),
                    "used": .integer(snapshot.status.cacheBlocksUsed),
                    "cached": .integer(snapshot.status.cacheBlocksKept),
                    "shared": .integer(snapshot.blocks.sharedBlocks),
                    "per_cell": .integer(snapshot.blocks.blocksPerCell),
                    "cells": snapshot.blocks.json(unlisted: snapshot.sequences.count),
                ]),
            ])
        }
    }
}

extension SequenceSnapshot {
    fileprivate var json: JSON {
        .object([
            "request": .integer(request),
            "label": label.map { .string(String($0.prefix(160))) } ?? .null,
            "sample": .integer(sample),
            "state": .string(state.rawValue),
            "prompt_tokens": .integer(promptTokens),
            "generated_tokens": .integer(generatedTokens),
            "limit": .integer(tokenLimit),
            "blocks": .integer(blocks),
            "rows": .integer(lastRows),
        ])
    }
}

extension BlockMap {
    /// Runs of equal cells, as a code and a count in turn: 0 is free, 1 cached, 2 + 2·i held by the sequence with index i in
    /// the list, 3 + 2·i shared, sequence i being the first of its holders.
    ///
    /// - Parameter unlisted: the index of those that are not in the list.
    fileprivate func json(unlisted: Int) -> JSON {
        var runs: [JSON] = []
        var place = cells.startIndex
        while place < cells.endIndex {
            let end = cells[place...].firstIndex { $0 != cells[place] } ?? cells.endIndex
            let code =
                switch cells[place] {
                case .free: 0
                case .cached: 1
                case .held(let holder): 2 + 2 * (holder ?? unlisted)
                case .shared(let holder): 3 + 2 * (holder ?? unlisted)
                }
            runs += [.integer(code), .integer(end - place)]
            place = end
        }
        return .array(runs)
    }
}
