internal import OrderedCollections

/// Gives each question the labelled examples whose questions are nearest to it by the cosine of their embeddings
/// (retrieval-augmented in-context learning, Less is More, arXiv 2504.16408).
///
/// The question itself and its near-duplicates are left out: a demonstration that says the answer teaches copying.
package struct RetrieveDemonstrations: Stage {
  package struct Config: Codable, Sendable {
    var model: ModelRef
    var k: Int?
    var maxSimilarity: Double?

    enum CodingKeys: String, CodingKey {
      case model, k
      case maxSimilarity = "max_similarity"
    }
  }

  package struct Input: Codable, Sendable { let question: String }

  package struct Output: Codable, Hashable, Sendable {
    let demonstrations: [JSON]
    let similarities: [Double]

    enum CodingKeys: String, CodingKey {
      case demonstrations
      case similarities = "demonstration_similarities"
    }
  }

  package static let name = "retrieve-demonstrations"
  package static let version = 1
  package static let summary =
    "Give each question the examples of a pool that are nearest to it by embedding."
  package static let keys = [
    "model": "The embedding model.",
    "k": "How many examples to give, at least 1; fewer when the pool has fewer that fit (default 5).",
    "max_similarity":
      "Examples whose cosine with the question is above this, from -1 to 1, are near-duplicates and left out "
      + "(default 0.98).",
  ]
  package static let sets = [
    SetRole("pool", columns: ["question"], help: "The labelled examples, each with a question.")
  ]

  private let k: Int
  private let maxSimilarity: Double
  private let model: any EmbeddingModel
  private let pool: Once<[Example]>

  package init(_ config: Config, in workspace: Workspace) throws {
    k = config.k ?? 5
    maxSimilarity = config.maxSimilarity ?? 0.98
    guard k >= 1 else { throw StageError("k: expected 1 or more, found \(k)") }
    guard (-1...1).contains(maxSimilarity) else {
      throw StageError("max_similarity: expected -1 to 1, found \(maxSimilarity)")
    }
    let model = try workspace.embedding(config.model)
    let rows = workspace.set("pool", as: Input.self)
    self.model = model
    pool = Once { try await Example.all(of: rows, by: model) }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let examples = try await pool.value
    guard let vector = try await model.embed([input.question]).first.map(unit) else {
      throw StageError("expected one vector for the question, found none")
    }
    var near: [(index: Int, similarity: Double)] = []
    for (index, example) in examples.enumerated() where example.question != input.question {
      guard example.vector.count == vector.count else {
        throw StageError("expected vectors of \(example.vector.count) numbers, found \(vector.count)")
      }
      let similarity = dot(example.vector, vector)
      if similarity <= maxSimilarity { near.append((index, similarity)) }
    }
    // The pool's order decides between equals, so that the same inputs give the same demonstrations.
    near.sort { $0.similarity > $1.similarity || ($0.similarity == $1.similarity && $0.index < $1.index) }
    let chosen = near.prefix(k)
    return .emit([
      Output(
        demonstrations: chosen.map { .object(examples[$0.index].columns) },
        similarities: chosen.map(\.similarity))
    ])
  }
}

private struct Example: Sendable {
  /// How many texts one call embeds.
  static let batch = 64

  let question: String
  let columns: JSON.Object
  /// Of length 1, or all zeros.
  let vector: [Float]

  static func all(
    of rows: RowSet<RetrieveDemonstrations.Input>?, by model: any EmbeddingModel
  ) async throws -> [Example] {
    let elements = try await rows?.all() ?? []
    var examples: [Example] = []
    for start in stride(from: 0, to: elements.count, by: batch) {
      let part = elements[start..<min(start + batch, elements.count)]
      let vectors = try await model.embed(part.map(\.value.question))
      guard vectors.count == part.count else {
        throw StageError("expected \(part.count) vectors for the pool, found \(vectors.count)")
      }
      for (element, vector) in zip(part, vectors) {
        examples.append(
          Example(question: element.value.question, columns: element.row.columns, vector: unit(vector)))
      }
    }
    return examples
  }
}

/// The vector scaled to length 1; a vector of zeros stays as it is and is similar to nothing.
private func unit(_ vector: [Float]) -> [Float] {
  let length = dot(vector, vector).squareRoot()
  return length > 0 ? vector.map { Float(Double($0) / length) } : vector
}

private func dot(_ left: [Float], _ right: [Float]) -> Double {
  var sum = 0.0
  for index in left.indices { sum += Double(left[index]) * Double(right[index]) }
  return sum
}
