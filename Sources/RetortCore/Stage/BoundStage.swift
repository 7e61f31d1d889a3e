internal import OrderedCollections

/// A stage with its types erased: rows in, rows out. The one place where typed views meet JSON.
package struct BoundStage: Sendable {
  package enum Shape: Sendable {
    case row(@Sendable (Row) async throws -> Outcome<Columns>)
    /// A reader's set has no rows.
    case set(@Sendable (RowSet<Columns>, @escaping SetAnswer.Accept) async throws -> Void)
  }

  package let kind: String
  package let version: Int
  package let reads: [ColumnUse]
  package let adds: [String]?
  /// What becomes of the columns of its input rows.
  package let passed: PassedColumns
  package let sets: [SetRole]
  /// Whether its rows may have others beside those.
  package let addsMore: Bool
  /// The files that an export may write, or that an earlier run of it may have written.
  package let writes: [ExportTarget]
  /// How it asks, where others may show its prompt.
  package let prompt: RenderedPrompt?
  /// What its own keys put into the prompts that it shows; nil where it shows none, or another stage's.
  package let ownPrompt: Set<PromptPart>?
  /// What the columns hold that it adds, where its type says so.
  package let columnShapes: @Sendable () -> [String: ConfigShape.Value]
  package let shape: Shape

  private init<S: StageKind>(
    _ stage: S, reads: [ColumnUse] = [], passed: PassedColumns = .all, writes: [ExportTarget] = [],
    _ shape: Shape
  ) {
    kind = S.name
    version = S.version
    self.reads = reads
    adds = stage.adds
    self.passed = passed
    sets = stage.sets
    addsMore = stage.addsMore
    self.writes = writes
    columnShapes = {
      let keys = ConfigShape(of: S.Output.self).keys
      return Dictionary(keys.map { ($0.name, $0.value) }) { first, _ in first }
    }
    prompt = (stage as? any PromptingStage).map { RenderedPrompt($0) }
    ownPrompt = (stage as? any PromptShowing)?.ownPrompt
    self.shape = shape
  }

  /// The columns of its type that a stage does not add as it is configured: a row has none of them, not even as null, so
  /// that a key which brings a column changes nothing where it is absent.
  private static func withheld(_ stage: some RowTaking) -> Set<String> {
    guard let adds = stage.adds else { return [] }
    func all<S: StageKind>(_: S) -> [ColumnUse] { ColumnUse.properties(of: S.Output.self) }
    return Set(all(stage).map(\.name)).subtracting(adds)
  }

  package init<S: Reader>(_ stage: S) {
    self.init(stage, .set { _, accept in try await stage.read(into: ReaderSink(accept: accept)) })
  }

  package init<S: RowStage>(_ stage: S) {
    let withheld = Self.withheld(stage)
    self.init(
      stage, reads: stage.reads, passed: stage.passed,
      .row { row in
        try await stage.process(try row.view(as: S.Input.self)).map {
          Columns((try JSON(encoding: $0).object ?? [:]).without(withheld))
        }
      })
  }

  package init<S: SetStage>(_ stage: S) {
    let withheld = Self.withheld(stage)
    self.init(
      stage, reads: stage.reads, passed: stage.passed,
      .set { rows, accept in
        let sink = S.Sink { try await accept($0.without(withheld)) }
        try await stage.process(rows.read(as: S.Input.self), into: sink)
      })
  }

  package init<S: Exporter>(_ stage: S) {
    self.init(
      stage, reads: stage.reads, writes: stage.writes,
      .set { rows, accept in
        let sink = ExportSink(accept: accept)
        let files = try await stage.export(rows.read(as: S.Input.self), dropping: sink)
        let dropped = sink.dropped
        let written = (0..<rows.count).filter { !dropped.contains($0) }
        for file in files {
          try await accept(.make(try JSON(encoding: file).object ?? [:], members: written))
        }
      })
  }
}

extension JSON.Object {
  fileprivate func without(_ columns: Set<String>) -> JSON.Object {
    columns.isEmpty ? self : filter { !columns.contains($0.key) }
  }
}

extension SetAnswer {
  /// The answer without columns that its stage does not add.
  fileprivate func without(_ columns: Set<String>) -> SetAnswer {
    switch self {
    case .keep(let row, let added): .keep(row, added.without(columns))
    case .make(let row, let members): .make(row.without(columns), members: members)
    case .fan, .drop, .consume, .reject: self
    }
  }
}
