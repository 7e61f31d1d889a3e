internal import GRDB
internal import OrderedCollections
internal import RetortCore
internal import RetortStages

/// Takes a set stage's answers, checks that every row is answered once, and writes them in batches.
actor SetRecorder {
  private let store: Store
  private let stage: PipelineStage
  private let place: StagePlace
  private let step: Int64
  private var answered: [Bool]
  private var missing: Int
  /// Answers to be written, and the members that their row is made from.
  private var buffer: [(answer: SetAnswer, members: [Int])] = []
  private var seq = 0
  /// Records that a reader could not read, and the first of them.
  private var rejected = 0
  private var firstRejection: (reason: String, detail: String)?

  init(store: Store, stage: PipelineStage, place: StagePlace, step: Int64, count: Int) {
    self.store = store
    self.stage = stage
    self.place = place
    self.step = step
    answered = Array(repeating: false, count: count)
    missing = count
  }

  func accept(_ answer: SetAnswer) async throws {
    switch answer {
    case .keep where stage.entry.makesRows, .fan where stage.entry.makesRows:
      throw StageFault("kept a row, and is declared to make new ones (makesRows)")
    case .keep(let ordinal, _), .drop(let ordinal, _, _), .consume(let ordinal):
      guard try mark(ordinal) else { throw StageFault("answered row \(ordinal) of its set twice") }
      if case .consume = answer { return }
    case .make where !stage.entry.makesRows:
      throw StageFault("made a row, and is declared to keep its input rows (makesRows)")
    case .fan(let ordinal, let rows):
      guard try mark(ordinal) else { throw StageFault("answered row \(ordinal) of its set twice") }
      buffer += rows.map { (.keep(ordinal, $0.columns), [ordinal] + ($0.partner.map { [$0] } ?? [])) }
    case .make(_, let members): for member in members { _ = try mark(member) }
    case .reject(let reason, let detail):
      rejected += 1
      firstRejection = firstRejection ?? (reason, detail)
    }
    switch answer {
    case .fan: break
    case .make(_, let members): buffer.append((answer, members))
    default: buffer.append((answer, []))
    }
    if buffer.count >= 256 { try await flush() }
  }

  /// Writes what is left. Errors: ``StageFault`` when rows were not answered; ``StageError`` when a reader could read
  /// none of its records, which is a wrong file and no set without rows.
  func finish() async throws {
    try await flush()
    if let firstRejection, rejected == seq {
      throw StageError(
        "expected records that can be read, found none among \(rejected); the first: \(firstRejection.reason): "
          + firstRejection.detail)
    }
    guard missing == 0 else {
      throw StageFault("left \(missing) of the \(answered.count) rows of its set without an answer")
    }
  }

  /// Whether the row had no answer yet.
  private func mark(_ ordinal: Int) throws -> Bool {
    guard answered.indices.contains(ordinal) else {
      throw StageFault("answered row \(ordinal) of a set of \(answered.count)")
    }
    guard !answered[ordinal] else { return false }
    answered[ordinal] = true
    missing -= 1
    return true
  }

  private func flush() async throws {
    let (batch, first, step, stage, place) = (buffer, seq, step, stage, place)
    guard !batch.isEmpty else { return }
    buffer = []
    seq += batch.count
    try await store.write { db in
      for (offset, (answer, members)) in batch.enumerated() {
        let written = try Self.emission(of: answer, step: step, stage: stage, place: place, db)
        try Store.emission(
          step: step, seq: first + offset, member: written.member, row: written.row, reason: written.reason,
          detail: written.detail, members: Self.spans(of: members), db)
      }
    }
  }

  /// The members of a row made from several, as first and last positions: `[[0,2],[5,5]]`.
  private static func spans(of members: [Int]) -> String? {
    guard members.count > 1 else { return nil }
    var spans: [ClosedRange<Int>] = []
    for member in members.sorted() {
      if let last = spans.last, member <= last.upperBound + 1 {
        spans[spans.count - 1] = last.lowerBound...max(last.upperBound, member)
      } else {
        spans.append(member...member)
      }
    }
    return JSON.array(spans.map { [.int(Int64($0.lowerBound)), .int(Int64($0.upperBound))] }).text
  }

  private typealias Emission = (member: Int?, row: Int64?, reason: String?, detail: String?)

  private static func emission(
    of answer: SetAnswer, step: Int64, stage: PipelineStage, place: StagePlace, _ db: Database
  ) throws -> Emission {
    switch answer {
    case .keep(let ordinal, let columns):
      let member = try Store.member(ordinal, of: step, place: place, db)
      guard !columns.isEmpty else { return (ordinal, member, nil, nil) }
      let row = try stage.output(columns, addedTo: try Store.row(member, db))
      return (ordinal, try Store.insert(PackedRow(row), db), nil, nil)
    case .drop(let ordinal, let reason, let detail): return (ordinal, nil, reason, detail)
    case .make(let columns, let members):
      let row = try stage.output(columns, addedTo: Row([:]))
      return (members.min(), try Store.insert(PackedRow(row), db), nil, nil)
    case .reject(let reason, let detail): return (nil, nil, reason, detail)
    case .consume(let ordinal), .fan(let ordinal, _): return (ordinal, nil, nil, nil)
    }
  }
}

extension PipelineStage {
  /// A row with the columns that this stage added, under the names that the pipeline file gives them.
  ///
  /// Errors: ``StageFault`` when a column of another value exists and `replace:` is not set.
  func output(_ added: JSON.Object, addedTo row: Row) throws -> Row {
    var named: JSON.Object = [:]
    for (name, value) in added {
      let column = renames[name] ?? name
      if !replace, let old = row.columns[column], old != value {
        throw StageFault(
          "writes the column '\(column)', which the row has already; rename it under 'as:' or set 'replace: true'"
        )
      }
      named[column] = value
    }
    return row.adding(named)
  }
}
