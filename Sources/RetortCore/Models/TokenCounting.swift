internal import OrderedCollections

/// Says how many tokens a model's own tokeniser makes of a text. Errors: ``ModelError``.
package protocol TokenModel: Sendable {
  /// Without marks that begin or end a text.
  func count(_ text: String) async throws -> Int
}

/// A text whose tokens are to be counted.
struct TokenCountRequest: Act {
  typealias Answer = Int
  static let name = "tokenize"
  static let promptName = "text"
  let text: String

  init(_ text: String) { self.text = text }

  var prompt: JSON { .string(text) }
  var estimate: Usage { Usage() }
}
