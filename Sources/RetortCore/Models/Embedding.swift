internal import OrderedCollections

/// Turns texts into vectors, one for each text, in order; all of one length.
package protocol EmbeddingModel: Sendable {
  func embed(_ texts: [String]) async throws -> [[Float]]
}

/// Texts to be turned into vectors.
package struct EmbeddingRequest: Act {
  /// A vector for each text, in numbers as the server wrote them.
  package typealias Answer = [[JSON]]
  package static let name = "embedding"
  package static let promptName = "input"
  package let texts: [String]

  package init(_ texts: [String]) { self.texts = texts }

  package var prompt: JSON { .array(texts.map { .string($0) }) }
  package var estimate: Usage { Usage(promptTokens: texts.reduce(0) { $0 + TokenEstimate.bytes($1) }) }
}
