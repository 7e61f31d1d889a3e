internal import OrderedCollections
internal import RetortCore

/// Writes examples in the shapes of several trainers: a folder with files, a dataset card and a manifest.
struct TrainingExport<Example>: Sendable {
  /// One shape a file, since trainers guess the kind of a set from its keys.
  struct Shape: Sendable {
    /// The files are `STEM-train.jsonl` and `STEM-validation.jsonl`.
    let stem: String
    /// Which trainers read it, and how: a line of the card.
    let usage: String
    /// Columns of LLaMA-Factory's index; nil where it does not read the shape.
    var llamaFactory: JSON.Object?
    /// `index` counts the examples of a split from 0.
    let record: @Sendable (_ example: Example, _ split: String, _ index: Int) -> JSON
  }

  static var validation: SetRole {
    SetRole("validation", required: false, help: "Rows of the same kind that become the validation split.")
  }

  let folder: ExportFolder
  let title: String
  let about: [String]
  let task: String
  let shapes: [Shape]
  let validation: RowSet<Columns>?

  /// What a walk over a split answers with.
  struct Answers {
    let example: (Example) throws -> Void
    /// A row that cannot be written: its ordinal, its identifier and why.
    let bad: (Int, String, BadRow) async throws -> Void

    /// One example for each row.
    func examples(of rows: RowSet<Columns>, _ example: (Columns) async throws -> Example) async throws {
      for try await row in rows {
        switch try await BadRow.result({ try await example(row.value) }) {
        case .success(let value): try self.example(value)
        case .failure(let error): try await bad(row.ordinal, row.id, error)
        }
      }
    }
  }

  /// Bad rows are dropped; in the validation set, whose rows cannot be dropped, they are an error.
  func write(
    _ rows: RowSet<Columns>, dropping sink: ExportSink,
    walk: (RowSet<Columns>, Answers) async throws -> Void
  ) async throws -> [ExportedFile] {
    let train = try await writers("train")
    try await walk(
      rows,
      Answers(example: train.write) { ordinal, _, bad in
        try await sink.drop(ordinal, reason: bad.reason, detail: bad.detail)
      })
    let held = try await writers("validation")
    // Without training rows there is nothing to validate.
    if let validation, train.count > 0 {
      try await walk(
        validation,
        Answers(example: held.write) { _, id, bad in
          throw StageError("using.validation: row \(id): \(bad.reason): \(bad.detail)")
        })
    }
    let splits = [train, held].filter { $0.count > 0 }.map { (name: $0.name, rows: $0.count) }
    var texts: [(path: String, text: String)] = []
    if !splits.isEmpty {
      texts.append(("README.md", card(splits)))
      if let index = index(splits) { texts.append(("dataset_info.json", index)) }
    }
    return try await folder.finish(
      train.writers + held.writers, training: train.writers, texts: texts,
      complete: rows.isComplete && validation?.isComplete ?? true)
  }

  /// Every file that it may write, or that an earlier run may have written.
  var writes: [ExportTarget] {
    let files = shapes.flatMap { shape in
      ["train", "validation"].map { "\(shape.stem)-\($0).jsonl" }
    }
    let isIndexed = shapes.contains { $0.llamaFactory != nil }
    return folder.targets(files + ["README.md"] + (isIndexed ? ["dataset_info.json"] : []))
  }

  private func writers(_ split: String) async throws -> SplitWriter<Example> {
    var opened: [SplitWriter<Example>.Part] = []
    for shape in shapes {
      opened.append((shape.record, try await folder.writer("\(shape.stem)-\(split).jsonl")))
    }
    return SplitWriter(name: split, parts: opened)
  }

  private func card(_ splits: [(name: String, rows: Int)]) -> String {
    DatasetCard(
      task: task,
      subsets: shapes.map { shape in
        .init(name: shape.stem, splits: splits.map { ($0.name, "\(shape.stem)-\($0.name).jsonl") })
      },
      rows: splits.reduce(0) { $0 + $1.rows } * shapes.count,
      body: ["# \(title)", ""] + about + ["", "| split | rows |", "| --- | --- |"]
        + splits.map { "| \($0.name) | \($0.rows) |" }
        + ["", "Every file has all rows, each in the shape of one trainer:", ""]
        + shapes.map { "- `\($0.stem)-*.jsonl`: \($0.usage)" }
        + ["", "`manifest.json` lists every file with its rows and SHA-256."]
    ).text
  }

  private func index(_ splits: [(name: String, rows: Int)]) -> String? {
    var index = LlamaFactoryIndex()
    let read = shapes.filter { $0.llamaFactory != nil }
    for shape in read {
      for split in splits {
        index.add(
          "\(shape.stem)_\(split.name)".replacing("-", with: "_"), file: "\(shape.stem)-\(split.name).jsonl",
          columns: shape.llamaFactory ?? [:], ranking: shape.llamaFactory?["chosen"] != nil)
      }
    }
    return read.isEmpty ? nil : index.text
  }
}

/// The files of one split, written together.
private final class SplitWriter<Example> {
  typealias Part = (record: @Sendable (Example, String, Int) -> JSON, writer: JSONLWriter)

  let name: String
  private let parts: [Part]
  private(set) var count = 0

  init(name: String, parts: [Part]) {
    self.name = name
    self.parts = parts
  }

  var writers: [JSONLWriter] { parts.map(\.writer) }

  func write(_ example: Example) throws {
    for (record, writer) in parts { try writer.write(record(example, name, count)) }
    count += 1
  }
}

extension CaseIterable where Self: Hashable {
  /// The formats that a pipeline names, in their own order; all when it names none.
  static func chosen(_ formats: [Self]?) throws -> [Self] {
    if formats?.isEmpty == true {
      throw StageError("formats: expected at least one format, found none; leave it out to write all")
    }
    return allCases.filter { formats?.contains($0) ?? true }
  }
}
