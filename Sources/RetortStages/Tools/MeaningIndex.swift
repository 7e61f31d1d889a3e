internal import RetortCore

/// The vectors of a corpus' documents, to find those that are near to a query in meaning. In memory: the replies that they
/// are made of are remembered one by one, so that nothing is paid again.
struct MeaningIndex: Sendable {
  /// UTF-8 bytes of a text that is embedded, about 500 tokens: many models read no more, and some refuse more.
  private static let mostBytes = 2000
  /// Documents that are embedded at a time; the model splits them into calls.
  private static let batch = 2048

  /// The document of each vector.
  private var numbers: [Int] = []
  private var vectors = UnitVectors()

  /// Documents without any text have no vector. Errors: the model's; ``StageError`` for vectors of several lengths.
  init(of rows: RowSet<Columns>?, by model: any EmbeddingModel) async throws {
    guard let rows else { return }
    var page: [(number: Int, text: String)] = []
    for try await row in rows {
      let texts = ["title", "text"].compactMap { column in
        row.value[column].flatMap { $0.isNull ? nil : $0.string ?? $0.text }
      }
      let text = Self.shortened(texts.filter { !$0.isBlank }.joined(separator: "\n"))
      if !text.isEmpty { page.append((row.ordinal + 1, text)) }
      guard page.count == Self.batch else { continue }
      try await add(page, by: model)
      page = []
    }
    try await add(page, by: model)
  }

  private mutating func add(_ page: [(number: Int, text: String)], by model: any EmbeddingModel) async throws
  {
    guard !page.isEmpty else { return }
    let found = try await model.embed(page.map(\.text))
    guard found.count == page.count else {
      throw StageError("expected \(page.count) vectors for the corpus, found \(found.count)")
    }
    for (document, vector) in zip(page, found) {
      guard vectors.count == 0 || vector.count == vectors.dimensions else {
        throw StageError("expected vectors of \(vectors.dimensions) numbers, found \(vector.count)")
      }
      vectors.append(vector)
      numbers.append(document.number)
    }
  }

  /// The numbers of the nearest documents, the nearest first; of equals the first.
  func nearest(_ limit: Int, to query: [Float]) throws -> [Int] {
    guard vectors.count == 0 || query.count == vectors.dimensions else {
      throw StageError("expected a vector of \(vectors.dimensions) numbers, found \(query.count)")
    }
    return vectors.nearest(limit, to: UnitVectors.unit(query)) { _, similarity in similarity > 0 }
      .map { numbers[$0.index] }
  }

  /// What of a text is embedded: whole characters.
  static func shortened(_ text: String) -> String {
    var bytes = 0
    return String(
      text.prefix { character in
        bytes += character.utf8.count
        return bytes <= mostBytes
      }
    ).trimmed
  }
}

/// Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): an item scores 1 / (60 + rank) in each list that has
/// it, and the sums decide.
enum ReciprocalRanks {
  private static let damping = 60.0

  /// Of equals the smaller number comes first.
  static func merge(_ lists: [[Int]]) -> [Int] {
    var scores: [Int: Double] = [:]
    for list in lists {
      for (place, item) in list.enumerated() { scores[item, default: 0] += 1 / (damping + Double(place + 1)) }
    }
    return scores.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
  }
}
