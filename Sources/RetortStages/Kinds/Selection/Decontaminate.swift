internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Drops rows that an evaluation set contains, so that a model is not tested on what it was trained on.
package struct Decontaminate: RowStage {
  package struct Config: Codable, Sendable {
    package var files: [DataFile]
    package var column: String
    package var ngram: Int?
    package var model: ModelRef?
    package var threshold: Double?

    package init(
      files: [DataFile], column: String, ngram: Int? = nil, model: ModelRef? = nil, threshold: Double? = nil
    ) {
      self.files = files
      self.column = column
      self.ngram = ngram
      self.model = model
      self.threshold = threshold
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "decontaminate"
  package static let version = 2
  package static let isForeseeable = true

  package static func workload(of config: Config) -> Workload { Workload(repairs: 0) }
  package static let summary = "Drop rows that share a run of words with an evaluation file."
  package static let keys = [
    "files": "The evaluation files: .jsonl, .json, or plain text with one passage a line.",
    "column": "The column to look at.",
    "ngram":
      "Words in a run that counts as shared; 13 when left out. Two Chinese or Japanese characters, three Korean syllables, "
      + "or four characters of Thai, Khmer, Lao or Myanmar are a word. Shorter passages count when equal. A run that "
      + "stands in 4 or more items of the files is a stem and does not count.",
    "model": "An embedding model: also drop rows that are close to a passage in meaning.",
    "threshold": "With model: least cosine similarity that counts as close, -1 to 1; 0.9 when left out.",
  ]

  private let column: String
  private let threshold: Double
  private let passages: Once<EvaluationPassages>
  private let embedder: (any EmbeddingModel)?
  private let vectors: Once<[[Float]]>

  package init(_ config: Config, in workspace: Workspace) throws {
    let length = config.ngram ?? 13
    guard length >= 1 else { throw StageError("ngram: expected 1 word or more, found \(length)") }
    guard !config.files.isEmpty else {
      throw StageError("files: expected at least one evaluation file, found none")
    }
    if config.model == nil, config.threshold != nil {
      throw StageError("threshold: expected model: beside it, found none")
    }
    self.column = config.column
    self.threshold = config.threshold ?? 0.9
    let files = config.files
    let passages = Once { try EvaluationPassages(of: files, length: length) }
    self.passages = passages
    let embedder = try config.model.map { try workspace.embedding($0) }
    self.embedder = embedder
    vectors = Once {
      guard let embedder else { return [] }
      let texts = try await passages.value.texts
      var vectors: [[Float]] = []
      for start in stride(from: 0, to: texts.count, by: 64) {
        vectors += try await embedder.embed(Array(texts[start..<min(texts.count, start + 64)]))
      }
      return vectors
    }
  }

  package var reads: [ColumnUse] { [ColumnUse(column)] }
  package var adds: [String]? { [] }

  package func process(_ input: Columns) async throws -> Outcome<NoColumns> {
    let value = input[column] ?? .null
    let text = value.string ?? value.text
    let passages = try await passages.value
    if let hit = passages.match(text) {
      return .drop(reason: "in an evaluation file", detail: "shares '\(hit.words)' with \(hit.file)")
    }
    if let embedder, let vector = try await embedder.embed([text]).first {
      for (index, other) in try await vectors.value.enumerated() {
        let similarity = cosine(vector, other)
        if similarity >= threshold {
          return .drop(
            reason: "close to an evaluation file",
            detail: "\(similarity) to '\(passages.texts[index].prefix(80))'")
        }
      }
    }
    return .emit([NoColumns()])
  }

  /// 0 where either has no length.
  private func cosine(_ left: [Float], _ right: [Float]) -> Double {
    var dot = 0.0
    var leftSquare = 0.0
    var rightSquare = 0.0
    for (a, b) in zip(left, right) {
      dot += Double(a) * Double(b)
      leftSquare += Double(a) * Double(a)
      rightSquare += Double(b) * Double(b)
    }
    let lengths = (leftSquare * rightSquare).squareRoot()
    return lengths > 0 ? dot / lengths : 0
  }
}
