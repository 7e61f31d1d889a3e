internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// Takes a set stage's answers, checks that every row is answered once, and writes them in batches.
actor SetRecorder {
  private let steps: StepLog
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

  init(steps: StepLog, stage: PipelineStage, place: StagePlace, step: Int64, count: Int) {
    self.steps = steps
    self.stage = stage
    self.place = place
    self.step = step
    answered = Array(repeating: false, count: count)
    missing = count
  }

  func accept(_ answer: SetAnswer) async throws {
    switch answer {
    case .keep(let ordinal, _), .drop(let ordinal, _, _), .consume(let ordinal):
      guard try mark(ordinal) else { throw StageFault("answered row \(ordinal) of its set twice") }
      if case .consume = answer { return }
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
    let (batch, first) = (buffer, seq)
    guard !batch.isEmpty else { return }
    buffer = []
    seq += batch.count
    // Rows are made and hashed here, where they hold no writer up.
    let kept = try await keptRows(batch.map(\.answer))
    let emissions = try batch.map { try emission(of: $0.answer, members: $0.members, kept: kept) }
    try await steps.recordSet(emissions, of: step, from: first)
  }

  /// The rows that go on: their numbers by position, and by number those that columns are added to.
  private typealias Kept = (numbers: [Int: Int64], rows: [Int64: Row])

  private func keptRows(_ answers: [SetAnswer]) async throws -> Kept {
    var (ordinals, changed): (OrderedSet<Int>, Set<Int>) = ([], [])
    for case .keep(let ordinal, let columns) in answers {
      ordinals.append(ordinal)
      if !columns.isEmpty { changed.insert(ordinal) }
    }
    guard !ordinals.isEmpty else { return ([:], [:]) }
    let found = try await steps.memberRows(Array(ordinals), of: step, place: place)
    let numbers = Dictionary(uniqueKeysWithValues: zip(ordinals, found))
    let asked = Array(Set(changed.compactMap { numbers[$0] }))
    guard !asked.isEmpty else { return (numbers, [:]) }
    return (numbers, Dictionary(uniqueKeysWithValues: zip(asked, try await steps.rows(asked))))
  }

  private func emission(of answer: SetAnswer, members: [Int], kept: Kept) throws -> SetEmission {
    switch answer {
    case .keep(let ordinal, let columns):
      guard let number = kept.numbers[ordinal] else { return SetEmission(member: ordinal) }
      guard let row = kept.rows[number], !columns.isEmpty else {
        return SetEmission(member: ordinal, content: .stored(number), members: members)
      }
      let made = PackedRow(try stage.output(columns, addedTo: row))
      return SetEmission(member: ordinal, content: .row(made), members: members)
    case .drop(let ordinal, let reason, let detail):
      return SetEmission(member: ordinal, reason: reason, detail: detail)
    case .make(let columns, _):
      let made = PackedRow(try stage.output(columns, addedTo: Row([:])))
      return SetEmission(member: members.min(), content: .row(made), members: members)
    case .reject(let reason, let detail): return SetEmission(member: nil, reason: reason, detail: detail)
    case .consume(let ordinal), .fan(let ordinal, _): return SetEmission(member: ordinal)
    }
  }
}
