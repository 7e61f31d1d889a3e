internal import OrderedCollections
internal import RetortCore

/// Writes examples in the shapes of several trainers: a folder with their files, what stands beside them, and a manifest.
struct TrainingExport<Example>: Sendable {
  /// One shape a file, since trainers guess the kind of a set from its keys.
  struct Shape: Sendable {
    let facts: TrainingShape
    /// The lines of an example; `index` counts the examples of a split from 0.
    let lines: @Sendable (_ example: Example, _ split: String, _ index: Int) -> [JSON]

    init(
      _ facts: TrainingShape,
      lines: @escaping @Sendable (_ example: Example, _ split: String, _ index: Int) -> [JSON]
    ) {
      self.facts = facts
      self.lines = lines
    }

    /// One line for each example.
    init(
      stem: String, usage: String, llamaFactory: JSON.Object? = nil,
      record: @escaping @Sendable (_ example: Example, _ split: String, _ index: Int) -> JSON
    ) {
      self.init(TrainingShape(stem: stem, usage: usage, llamaFactory: llamaFactory)) { [record($0, $1, $2)] }
    }
  }

  static var validation: SetRole {
    SetRole("validation", required: false, help: "Rows of the same kind that become the validation split.")
  }

  let folder: ExportFolder
  let shapes: [Shape]
  let validation: RowSet<Columns>?
  let kit: TrainingKit
  /// Those whose files are written beside the set.
  var images: @Sendable (Example) -> [ImageReference] = { _ in [] }

  init(
    folder: ExportFolder, shapes: [Shape], validation: RowSet<Columns>?,
    kit: (_ shapes: [TrainingShape]) -> TrainingKit
  ) {
    self.folder = folder
    self.shapes = shapes
    self.validation = validation
    self.kit = kit(shapes.map(\.facts))
  }

  /// What a walk over a split answers with.
  struct Answers {
    let example: (Example) throws -> Void
    /// An example for validation, where a column says so.
    let held: (Example) throws -> Void
    /// A row that cannot be written: its ordinal, its identifier and why.
    let bad: (Int, String, BadRow) async throws -> Void

    /// One example for each row; `takes` says which, by their ordinals.
    func examples(
      of rows: RowSet<Columns>, by split: SplitColumn? = nil, where takes: (Int) -> Bool = { _ in true },
      _ example: (Columns) async throws -> Example
    ) async throws {
      for try await row in rows where takes(row.ordinal) {
        switch try await BadRow.result({ (try split?.isHeld(row.value), try await example(row.value)) }) {
        case .success((true, let value)): try held(value)
        case .success((_, let value)): try self.example(value)
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
    let held = try await writers("validation")
    try await walk(
      rows,
      Answers(example: train.write, held: held.write) { ordinal, _, bad in
        try await sink.drop(ordinal, reason: bad.reason, detail: bad.detail)
      })
    guard train.count > 0 || held.count == 0 else {
      throw StageError(
        "\(SplitColumn.key): expected rows for training, found \(held.count) for validation and no other")
    }
    // Without training rows there is nothing to validate.
    if let validation, train.count > 0 {
      try await walk(
        validation,
        Answers(example: held.write, held: held.write) { _, id, bad in
          throw StageError("using.validation: row \(id): \(bad.reason): \(bad.detail)")
        })
    }
    let splits = splits { [train.writers[$0].rows, held.writers[$0].rows] }.filter { $0.rows > 0 }
    return try await folder.finish(
      train.writers + held.writers, training: train.writers, texts: splits.isEmpty ? [] : kit.texts(splits),
      images: train.images.union(held.images), complete: rows.isComplete && validation?.isComplete ?? true)
  }

  /// Every file that it may write, or that an earlier run may have written.
  var writes: [ExportTarget] {
    let splits = splits { _ in [1, 1] }
    return folder.targets(splits.map(\.path) + kit.texts(splits).map(\.path))
  }

  /// Those of each shape; `rows` are of the files of one, by its position.
  private func splits(rows: (Int) -> [Int]) -> [TrainingSplit] {
    shapes.indices.flatMap { index in
      zip(["train", "validation"], rows(index)).map {
        TrainingSplit(stem: shapes[index].facts.stem, name: $0, rows: $1)
      }
    }
  }

  private func writers(_ split: String) async throws -> SplitWriter<Example> {
    var opened: [SplitWriter<Example>.Part] = []
    for shape in shapes {
      let path = TrainingSplit(stem: shape.facts.stem, name: split, rows: 0).path
      opened.append((shape.lines, try await folder.writer(path)))
    }
    return SplitWriter(name: split, parts: opened, images: images)
  }
}

/// The files of one split, written together.
private final class SplitWriter<Example> {
  typealias Part = (lines: @Sendable (Example, String, Int) -> [JSON], writer: JSONLWriter)

  let name: String
  private let parts: [Part]
  private let imagesOf: @Sendable (Example) -> [ImageReference]
  private(set) var images: OrderedSet<ImageReference> = []
  private(set) var count = 0

  init(name: String, parts: [Part], images: @escaping @Sendable (Example) -> [ImageReference]) {
    self.name = name
    self.parts = parts
    imagesOf = images
  }

  var writers: [JSONLWriter] { parts.map(\.writer) }

  func write(_ example: Example) throws {
    for (lines, writer) in parts {
      for line in lines(example, name, count) { try writer.write(line) }
    }
    images.append(contentsOf: imagesOf(example))
    count += 1
  }
}

extension TrainingExport {
  /// With a card and an index, and no recipe.
  init(
    folder: ExportFolder, title: String, about: [String], task: String, shapes: [Shape],
    validation: RowSet<Columns>?
  ) {
    self.init(folder: folder, shapes: shapes, validation: validation) {
      TrainingKit(title: title, about: about, task: task, shapes: $0)
    }
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
