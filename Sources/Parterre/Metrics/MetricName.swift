/// Names of what the engine reports: vLLM's where they mean what vLLM means, `parterre:` before all others. Prometheus adds
/// `_total` to counters.
public enum MetricName {
    // Gauges.
    public static let requestsRunning = "vllm:num_requests_running"
    public static let requestsWaiting = "vllm:num_requests_waiting"
    /// A share, 0…1, whatever the name says.
    public static let cacheUse = "vllm:kv_cache_usage_perc"
    public static let cacheBlocksKept = "parterre:cache_blocks_kept"
    public static let swapBlocksUsed = "parterre:swap_blocks_used"

    // Counters.
    public static let prefixCacheQueries = "vllm:prefix_cache_queries"
    public static let prefixCacheHits = "vllm:prefix_cache_hits"
    public static let preemptions = "vllm:num_preemptions"
    /// Of all prompts, whether computed or found in the cache.
    public static let promptTokens = "vllm:prompt_tokens"
    public static let generationTokens = "vllm:generation_tokens"
    /// By `finished_reason`.
    public static let requestSuccess = "vllm:request_success"
    public static let draftedTokens = "vllm:spec_decode_num_draft_tokens"
    public static let acceptedTokens = "vllm:spec_decode_num_accepted_tokens"
    public static let computedPromptTokens = "parterre:computed_prompt_tokens"
    public static let prefixCacheEvictions = "parterre:prefix_cache_evictions"
    public static let swaps = "parterre:num_swaps"
    public static let steps = "parterre:steps"

    // Times; the names of their labels.
    public static let modelLabel = "model_name"
    public static let reasonLabel = "finished_reason"
    public static let timeToFirstToken = "vllm:time_to_first_token_seconds"
    public static let interTokenLatency = "vllm:inter_token_latency_seconds"
    public static let endToEndLatency = "vllm:e2e_request_latency_seconds"
    public static let queueTime = "vllm:request_queue_time_seconds"
    public static let prefillTime = "vllm:request_prefill_time_seconds"
    public static let decodeTime = "vllm:request_decode_time_seconds"
}
