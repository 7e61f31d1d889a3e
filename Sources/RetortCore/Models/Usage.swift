/// Tokens as the endpoint counted them; 0 where it did not say.
package struct Usage: Codable, Hashable, Sendable {
  package var promptTokens = 0
  package var completionTokens = 0
  /// Of the prompt's tokens, those the endpoint read from its own cache.
  package var cachedTokens = 0
  /// Of the prompt's tokens, those that it wrote into its cache, where that has a price of its own.
  package var writtenTokens = 0
  /// No call takes more tokens than this.
  package static let most = 1_000_000_000

  package init(
    promptTokens: Int = 0, completionTokens: Int = 0, cachedTokens: Int = 0, writtenTokens: Int = 0
  ) {
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.cachedTokens = cachedTokens
    self.writtenTokens = writtenTokens
  }
}
