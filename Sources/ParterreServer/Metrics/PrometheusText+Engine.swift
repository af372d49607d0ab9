import Batches
import Parterre

extension PrometheusText {
    mutating func append(_ status: EngineStatus) {
        gauge(MetricName.requestsRunning, "Sequences in the batch.", Double(status.runningSequences))
        gauge(MetricName.requestsWaiting, "Sequences that wait for a place.", Double(status.waitingSequences))
        gauge(MetricName.cacheUse, "Share of the cache's blocks in use, 1 is all.", status.cacheUse)
        counter(MetricName.prefixCacheQueries, "Tokens looked up in the prefix cache.", status.prefixCacheQueries)
        counter(MetricName.prefixCacheHits, "Tokens found there.", status.prefixCacheHits)
        counter(MetricName.preemptions, "Sequences that had to give up their blocks.", status.preemptions)
        counter(MetricName.promptTokens, "Tokens of prompts, computed or found.", status.requests.promptTokens)
        counter(MetricName.generationTokens, "Tokens generated.", status.generatedTokens)
        counter(MetricName.draftedTokens, "Guessed tokens verified.", status.draftedTokens)
        counter(MetricName.acceptedTokens, "Of these, those that came true.", status.acceptedTokens)
        metric(
            MetricName.requestSuccess + "_total", .counter, "Samples that ended, by how; broken-off requests once.",
            status.requests.finished.byReason.map { ([(MetricName.reasonLabel, $0.reason)], Double($0.count)) })
        append(status.requests)
        counter(MetricName.steps, "Steps of the engine.", status.steps)
        counter(MetricName.computedPromptTokens, "Tokens of prompts computed.", status.promptTokens)
        counter(MetricName.prefixCacheEvictions, "Kept blocks that made room.", status.prefixCacheEvictions)
        counter(MetricName.swaps, "Sequences swapped out and back.", status.swaps)
        gauge(MetricName.swapBlocksUsed, "Blocks that the swap space holds.", Double(status.swapBlocksUsed))
        gauge("parterre:cache_blocks", "Blocks of the cache.", Double(status.cacheBlocks))
        gauge("parterre:cache_blocks_used", "Of these, those in use.", Double(status.cacheBlocksUsed))
        gauge(MetricName.cacheBlocksKept, "Those kept for prompts to come.", Double(status.cacheBlocksKept))
    }

    private mutating func append(_ requests: RequestMetrics) {
        histogram(
            MetricName.timeToFirstToken, "From a request's arrival to its first token.", requests.timeToFirstToken)
        histogram(
            MetricName.interTokenLatency, "Between two steps that gave a sample tokens.",
            requests.interTokenLatency)
        histogram(
            MetricName.endToEndLatency, "From a request's arrival to its end.", requests.endToEndLatency)
        histogram(
            MetricName.queueTime, "From a request's arrival to the first step that computed some of it.",
            requests.queueTime)
        histogram(MetricName.prefillTime, "From there to its first token.", requests.prefillTime)
        histogram(MetricName.decodeTime, "From there to its end.", requests.decodeTime)
    }

    private mutating func histogram(_ name: String, _ help: String, _ durations: DurationHistogram) {
        histogram(name, help, bounds: durations.bounds, counts: durations.counts, sum: durations.sum)
    }

    mutating func append(_ gate: AdmissionGate) {
        gauge("parterre:requests_in_flight", "Requests taken on and not answered yet.", Double(gate.inFlight))
        counter("parterre:requests_refused", "Requests refused because the queue was full.", gate.refused)
    }

    mutating func append(_ load: BatchLoad) {
        metric(
            "parterre:batches", .gauge, "Batches that are kept, by status.",
            BatchStatus.allCases.map { ([("status", $0.rawValue)], Double(load.batches[$0] ?? 0)) })
        gauge(
            "parterre:batch_requests_left", "Requests without an answer of batches in progress.",
            Double(load.requestsLeft))
        gauge(
            "parterre:batch_file_bytes", "Bytes of all files for batches and of their results.", Double(load.fileBytes))
    }

    mutating func append(_ bodies: BodyMemory) {
        gauge("parterre:body_bytes", "Bytes of large request bodies that are being read.", Double(bodies.bytes))
    }
}
