internal import RetortCore

/// How the tokens of a text are counted where a budget or a length is measured in them.
package enum TokenCount: String, Codable, Hashable, Sendable, CaseIterable {
  /// Characters divided by 4.
  case estimate
  /// By the script of each character.
  case wide
  /// As the model's own server counts.
  case endpoint

  static let help =
    "How tokens are counted: estimate (characters / 4, which suits English alone; the default), wide (by script, within "
    + "a fifth of what current tokenisers make of most), endpoint (the model's server counts at /tokenize, as vLLM and "
    + "llama.cpp do)."
}

/// Counts the tokens of texts as ``TokenCount`` says.
struct TokenCounter: Sendable {
  let mode: TokenCount
  private let model: (any TokenModel)?

  init(_ mode: TokenCount?, by model: ModelRef, in workspace: Workspace) throws {
    self.mode = mode ?? .estimate
    self.model = self.mode == .endpoint ? try workspace.tokens(model) : nil
  }

  /// Errors: ``ModelError`` where the endpoint is asked.
  func count(_ text: String) async throws -> Int {
    switch mode {
    case .estimate: TokenEstimate.characters(text)
    case .wide: ScriptTokens.count(text)
    case .endpoint: try await model?.count(text) ?? 0
    }
  }
}
