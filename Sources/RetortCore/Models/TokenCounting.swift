internal import OrderedCollections

/// Says how many tokens a model's own tokeniser makes of a text. Errors: ``ModelError``.
package protocol TokenModel: Sendable {
  /// Without marks that begin or end a text.
  func count(_ text: String) async throws -> Int
}

/// A text whose tokens are to be counted.
package struct TokenCountRequest: Act {
  package typealias Answer = Int
  package static let name = "tokenize"
  package static let promptName = "text"
  package let text: String

  package init(_ text: String) { self.text = text }

  package var prompt: JSON { .string(text) }
  package var estimate: Usage { Usage() }
}
