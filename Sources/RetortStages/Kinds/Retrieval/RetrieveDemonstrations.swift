internal import OrderedCollections
package import RetortCore

/// Gives each question the labelled examples whose questions are nearest to it by the cosine of their embeddings
/// (retrieval-augmented in-context learning, Less is More, arXiv 2504.16408).
///
/// The question itself and its near-duplicates are left out: a demonstration that says the answer teaches copying.
package struct RetrieveDemonstrations: RowStage {
  package struct Config: Codable, Sendable {
    var model: ModelRef
    var k: Int?
    var maxSimilarity: Double?
    var column: String?

    enum CodingKeys: String, CodingKey {
      case model, k, column
      case maxSimilarity = "max_similarity"
    }
  }

  /// A row; the text that is compared is in the column that the stage names.
  package typealias Input = Columns

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
    "column": "The column whose texts are compared, of the rows and of the pool; default question.",
  ]
  package static let laterKeys: Set = ["column"]
  package static let sets = [
    SetRole("pool", columns: ["question"], help: "The labelled examples, each with a question.")
  ]

  package static func workload(of config: Config) -> Workload { Workload(repairs: 0, keepsRows: true) }

  package var reads: [ColumnUse] { [column] }

  package var sets: [SetRole] {
    Self.sets.map { SetRole($0.name, required: $0.required, columns: [column.name], help: $0.help) }
  }

  private let column: ColumnUse
  private let k: Int
  private let maxSimilarity: Double
  private let model: any EmbeddingModel
  private let pool: Once<Examples>

  package init(_ config: Config, in workspace: Workspace) throws {
    column = ColumnUse(config.column ?? "question")
    k = config.k ?? 5
    maxSimilarity = config.maxSimilarity ?? 0.98
    guard k >= 1 else { throw StageError("k: expected 1 or more, found \(k)") }
    guard (-1...1).contains(maxSimilarity) else {
      throw StageError("max_similarity: expected -1 to 1, found \(maxSimilarity)")
    }
    let model = try workspace.embedding(config.model)
    let rows = workspace.set("pool", as: Input.self)
    self.model = model
    pool = Once { [column] in try await Examples(of: rows, column: column, by: model) }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let examples = try await pool.value
    let question = try column.text(in: input.values) ?? ""
    guard let vector = try await model.embed([question]).first.map(UnitVectors.unit) else {
      throw StageError("expected one vector for the question, found none")
    }
    guard examples.vectors.count == 0 || examples.vectors.dimensions == vector.count else {
      throw StageError(
        "expected vectors of \(examples.vectors.dimensions) numbers, found \(vector.count)")
    }
    // The pool's order decides between equals, so that the same inputs give the same demonstrations.
    let chosen = examples.vectors.nearest(k, to: vector) { index, similarity in
      similarity <= maxSimilarity && examples.rows[index].question != question
    }
    return .emit([
      Output(
        demonstrations: chosen.map { .object(examples.rows[$0.index].columns) },
        similarities: chosen.map(\.similarity))
    ])
  }
}

/// The pool in memory.
private struct Examples: Sendable {
  /// How many texts are embedded at a time; the model splits them into calls.
  static let batch = 2048

  var rows: [(question: String, columns: JSON.Object)] = []
  var vectors = UnitVectors()

  init(
    of pool: RowSet<Columns>?, column: ColumnUse, by model: any EmbeddingModel
  ) async throws {
    guard let pool else { return }
    for try await element in pool {
      rows.append((try column.text(in: element.row.columns) ?? "", element.row.columns))
      if rows.count - vectors.count == Self.batch { try await embed(by: model, of: pool.count) }
    }
    try await embed(by: model, of: pool.count)
  }

  /// Vectors for the rows that have none.
  private mutating func embed(by model: any EmbeddingModel, of count: Int) async throws {
    let texts = rows[vectors.count...].map(\.question)
    guard !texts.isEmpty else { return }
    let found = try await model.embed(texts)
    guard found.count == texts.count else {
      throw StageError("expected \(texts.count) vectors for the pool, found \(found.count)")
    }
    if vectors.count == 0 { vectors.reserve(count, dimensions: found[0].count) }
    for vector in found {
      guard vectors.count == 0 || vector.count == vectors.dimensions else {
        throw StageError("expected vectors of \(vectors.dimensions) numbers, found \(vector.count)")
      }
      vectors.append(vector)
    }
  }
}
