import Parterre

/// Operations and bytes, counted from the model's sizes: a multiplication is one operation, an addition another.
struct Work: Sendable, Equatable {
    var operations = 0.0
    /// Packed weights read.
    var weightBytes = 0.0
    /// Keys and values read.
    var cacheBytes = 0.0

    var bytes: Double { weightBytes + cacheBytes }
}

/// What a step costs at least, from the sizes of the model.
struct ModelCost: Sendable, Equatable {
    /// Weights of all layers' matrices, and of the head's.
    var layerWeights: Double
    var headWeights: Double
    /// Their packed bytes.
    var layerBytes: Double
    var headBytes: Double
    /// Keys and values of one token, all layers.
    var cacheBytesPerToken: Double
    /// One query against one key and its value, all layers and heads: 2 · headDim operations each.
    var operationsPerCachedToken: Double

    var stepBytes: Double { layerBytes + headBytes }

    /// Rows through all layers, some of them through the head: the matrix products alone.
    func products(rows: Double, wanted: Double) -> Double { 2 * (rows * layerWeights + wanted * headWeights) }

    /// A prompt computed in that many steps.
    func prefill(tokens: Int, steps: Int) -> Work {
        let n = Double(tokens)
        return Work(
            operations: products(rows: n, wanted: 1) + n * (n + 1) / 2 * operationsPerCachedToken,
            weightBytes: Double(steps) * layerBytes + headBytes, cacheBytes: n * cacheBytesPerToken)
    }

    /// Steps of that many rows, each row behind `context` tokens.
    func decode(rows: Int, steps: Int, context: Double) -> Work {
        let tokens = Double(rows * steps)
        return Work(
            operations: products(rows: tokens, wanted: tokens) + tokens * context * operationsPerCachedToken,
            weightBytes: Double(steps) * stepBytes, cacheBytes: tokens * context * cacheBytesPerToken)
    }

    /// Whole requests, computed in that many steps.
    func mixed(_ requests: [WorkloadRequest], steps: Int) -> Work {
        var work = Work(weightBytes: Double(steps) * stepBytes)
        for request in requests {
            let (prompt, rows) = (Double(request.promptCount), Double(request.cachedTokens))
            work.operations += products(rows: rows, wanted: Double(request.tokens))
            work.operations += rows * (rows + 1) / 2 * operationsPerCachedToken
            // Every decoding step reads all that is stored; the prompt's own keys are read once at least.
            let decoded = rows * (rows + 1) / 2 - prompt * (prompt + 1) / 2
            work.cacheBytes += (prompt + decoded) * cacheBytesPerToken
        }
        return work
    }

    /// Tokens per second that nothing on this machine can exceed; `nil` where it depends on how requests meet.
    ///
    /// - Parameters:
    ///   - context: cached tokens of a row, for the workload behind a long context.
    ///   - bandwidth: bytes per second; `peak`: operations per second at the weights' format.
    func bound(_ workload: Workload, context: Double, bandwidth: Double, peak: Double) -> Double? {
        guard bandwidth > 0, peak > 0 else { return nil }
        func step(_ rows: Int) -> Double {
            max(stepBytes / bandwidth, products(rows: Double(rows), wanted: Double(rows)) / peak)
        }
        switch workload {
        case .prefill(let tokens):
            return Double(tokens)
                / max(stepBytes / bandwidth, products(rows: Double(tokens), wanted: 1) / peak)
        case .decode(let batch):
            return Double(batch) / step(batch)
        case .long(_, let batch):
            return Double(batch) / (step(batch) + Double(batch) * context * cacheBytesPerToken / bandwidth)
        case .mixed, .crowded, .prefix:
            return nil
        }
    }
}

extension ModelCost {
    init(_ shape: BloomConfiguration, _ plan: MemoryPlan) {
        let hidden = Double(shape.hiddenSize)
        layerWeights = 12 * hidden * hidden * Double(shape.layerCount)
        headWeights = Double(shape.vocabularySize) * hidden
        layerBytes = Double(plan.layerBytes)
        headBytes = Double(plan.headBytes)
        cacheBytesPerToken = Double(plan.bytesPerCachedToken)
        operationsPerCachedToken = 4 * hidden * Double(shape.layerCount)
    }
}
