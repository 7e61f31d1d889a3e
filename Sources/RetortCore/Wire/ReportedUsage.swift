extension Usage {
  /// The `usage` of a reply; nil where it reports none. Cached prompt tokens are named differently by different
  /// endpoints. What is no count of tokens, negative or over ``most``, counts as not reported.
  package init?(reply: JSON) {
    guard let usage = reply["usage"], usage.object != nil else { return nil }
    func count(_ json: JSON?) -> Int? {
      json?.number.flatMap { (0...Double(Self.most)).contains($0) ? Int(bounded: $0) : nil }
    }
    // Where they are called input tokens, those of the cache are counted beside them.
    let beside = ["cache_read_input_tokens", "cache_creation_input_tokens"].map { count(usage[$0]) ?? 0 }
    let prompt =
      count(usage["prompt_tokens"]) ?? count(usage["input_tokens"]).map { $0 + beside[0] + beside[1] }
    let total = count(usage["total_tokens"])
    let completion = count(usage["completion_tokens"]) ?? count(usage["output_tokens"])
    self.init(
      promptTokens: prompt ?? max(0, (total ?? 0) - (completion ?? 0)), completionTokens: completion ?? 0,
      cachedTokens: count(usage["prompt_tokens_details"]?["cached_tokens"])
        ?? count(usage["prompt_cache_hit_tokens"]) ?? beside[0],
      writtenTokens: beside[1])
  }
}
