internal import GRDB
internal import OrderedCollections
package import RetortCore

/// Why a row was done, or was not, at a stage of a run.
package struct Why: Codable, Hashable, Sendable {
  package enum Outcome: String, Codable, Hashable, Sendable { case done, dropped, failed, pending }

  /// What became of one occurrence of the row, or of a row on its line.
  package struct Answer: Codable, Hashable, Sendable {
    /// The row that the stage was given, `r_…`; nil at a reader.
    package var row: String?
    /// The record it descends from, as `questions:7`.
    package var source: String
    /// The stage that answered: the one that was asked about, or where the row's line ended before it.
    package var stage: String
    package var outcome: Outcome
    package var detail: String
    /// The step and the run that made it, where there is one.
    package var step: Int64?
    package var madeIn: Int64?

    package init(
      row: String?, source: String, stage: String, outcome: Outcome, detail: String, step: Int64? = nil,
      madeIn: Int64? = nil
    ) {
      self.row = row
      self.source = source
      self.stage = stage
      self.outcome = outcome
      self.detail = detail
      self.step = step
      self.madeIn = madeIn
    }

    enum CodingKeys: String, CodingKey {
      case row, source, stage, outcome, detail, step
      case madeIn = "made_in"
    }
  }

  package var run: Int64
  package var stage: String
  /// Empty when the row is not on the stage's line.
  package var answers: [Answer]
  /// Fields of the stage, and of those it takes rows from, that differ between the run and the file as it is now.
  package var changed: [Difference] = []

  package init(run: Int64, stage: String, answers: [Answer]) {
    self.run = run
    self.stage = stage
    self.answers = answers
  }
}

extension Inspector {
  /// Follows a row of a run, by any of its names, to a stage: down to what was made of it, or up to what it was made from. At most 20
  /// occurrences are answered.
  ///
  /// Errors: ``NotFound`` when the run has no such stage.
  package func why(_ id: String, at stage: String, run: Int64) async throws -> Why {
    try await read { db in
      let line = try Line(run: run, db)
      guard let ordinal = line.ordinal(stage) else {
        let names = line.stages.map(\.name)
        throw NotFound(
          "expected a stage of run \(run) (\(names.joined(separator: ", "))), found '\(stage)'"
            + NearestWord.hint(stage, in: names))
      }
      return Why(run: run, stage: stage, answers: try line.answers(id, at: ordinal, db))
    }
  }
}

extension Why {
  /// Compares what the run read with `now`, the same of the file as it is. Only what decides about steps counts: an
  /// address or a limit leaves them as they are.
  package mutating func compare(_ then: JSON, with now: JSON) {
    let stages = Set(Self.ancestry(of: stage, in: then))
    changed = Difference.between(then["stages"] ?? [:], now["stages"] ?? [:]).filter { difference in
      let parts = difference.path.split(separator: ".", maxSplits: 2).map(String.init)
      guard stages.contains(parts[0]) else { return false }
      return parts.count == 1 || !["on_failure", "replace"].contains(parts[1])
    }
  }

  /// A stage and all that it takes rows or sets from.
  static func ancestry(of name: String, in resolved: JSON) -> [String] {
    var found: OrderedSet<String> = []
    var next = [name]
    while let name = next.popLast() {
      guard found.append(name).inserted, let stage = resolved["stages"]?[name] else { continue }
      next += (stage["from"]?.array ?? []).compactMap(\.string)
      next += (stage["using"]?.object?.values.compactMap(\.string)) ?? []
    }
    return Array(found)
  }
}

/// The stages of a run, and the way of rows through them.
private struct Line {
  struct Stage {
    let ordinal: Int
    let name: String
    let from: [Int]
    let using: [Int]
  }

  struct Found {
    let id: Int64
    let stage: Int
    let parent: Int64?
  }

  let run: Int64
  let stages: [Stage]
  let books: OrderedBooks
  let status: String
  let only: String?

  init(run: Int64, _ db: Database) throws {
    self.run = run
    let rows = try GRDB.Row.fetchAll(
      db, sql: "SELECT stage, name, \"from\", \"using\" FROM run_stage WHERE run = ? ORDER BY stage",
      arguments: [run])
    let ordinals = Dictionary(try rows.map { (try $0.at(1) as String, try $0.at(0) as Int) }) { first, _ in
      first
    }
    stages = try rows.map { row in
      let from = try row.json(2).array ?? []
      let using = try row.json(3).object.map { Array($0.values) } ?? []
      return Stage(
        ordinal: try row.at(0), name: try row.at(1),
        from: from.compactMap { $0.string.flatMap { ordinals[$0] } },
        using: using.compactMap { $0.string.flatMap { ordinals[$0] } })
    }
    guard stages.map(\.ordinal) == Array(stages.indices) else {
      throw StoreDamage(found: "expected stages from 0 on, found \(stages.prefix(9).map(\.ordinal))")
    }
    books = try StepTables.books(of: run, db)
    let begun = try GRDB.Row.fetchOne(db, sql: "SELECT status, flags FROM run WHERE id = ?", arguments: [run])
    status = try begun.maybe(0) ?? ""
    only = try (begun.maybe(1) as String?).flatMap { try JSON(stored: $0)["only"]?.string }
  }

  func ordinal(_ name: String) -> Int? { stages.first { $0.name == name }?.ordinal }

  /// The stages that rows pass on their way to one, itself included.
  private func passing(_ stage: Int, sets: Bool = false) -> Set<Int> {
    var found: Set<Int> = []
    var next = [stage]
    while let stage = next.popLast() {
      guard found.insert(stage).inserted else { continue }
      next += stages[stage].from + (sets ? stages[stage].using : [])
    }
    return found
  }

  func answers(_ id: String, at stage: Int, _ db: Database) throws -> [Why.Answer] {
    guard let name = RowName(id) else { return [] }
    if let lost = try lost(name, id, onTheWayTo: stage, db) { return [lost] }
    let family = try family(name, db)
    if stages[stage].from.isEmpty {
      return try family.filter { $0.stage == stage }.prefix(20).map { try reading($0, at: stage, db) }
    }
    let given = family.filter { stages[stage].from.contains($0.stage) }
    if !given.isEmpty { return try given.prefix(20).map { try answer($0, at: stage, db) } }
    // The line ended before: what was not passed on by the next stage is what there is to explain.
    let way = passing(stage)
    let passed = Set(family.compactMap { row in row.parent.map { [Int64(row.stage), $0] } })
    let ends = family.flatMap { row in
      stages.filter { way.contains($0.ordinal) && $0.from.contains(row.stage) }
        .filter { !passed.contains([Int64($0.ordinal), row.id]) }.map { (row, $0.ordinal) }
    }
    return try ends.prefix(20).map { try answer($0.0, at: $0.1, db) }
  }

  /// A record that its reader dropped.
  private func lost(_ name: RowName, _ text: String, onTheWayTo stage: Int, _ db: Database) throws -> Why
    .Answer?
  {
    guard case .record(let reader, _) = name, let ordinal = ordinal(reader), passing(stage).contains(ordinal),
      let lost = try Inspector.lostRecord(name, run: run, db)
    else { return nil }
    return Why.Answer(
      row: nil, source: text, stage: reader, outcome: .dropped,
      detail: [lost.reason, lost.detail].filter { !$0.isEmpty }.joined(separator: ": "))
  }

  private func family(_ name: RowName, _ db: Database) throws -> [Found] {
    let start = try Inspector.occurrences(name, run: run, limit: 100, db)
    return try GRDB.Row.fetchAll(
      db,
      sql: """
        WITH RECURSIVE \(SQL.family(of: start))
        SELECT o.id, o.stage, o.parent FROM family JOIN occurrence o USING (id)
        ORDER BY o.path
        """, arguments: [run]
    ).map { Found(id: try $0.at(0), stage: try $0.at(1), parent: try $0.at(2)) }
  }

  private func name(_ found: Found, _ db: Database) throws -> (row: String, source: String) {
    let row = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT \(SQL.rowID("r")), \(SQL.source("o")) FROM occurrence o JOIN "row" r ON r.id = o."row"
        WHERE o.id = ?
        """, arguments: [found.id])
    return (try row.maybe(0) ?? "", try row.maybe(1) ?? "")
  }

  private func reading(_ found: Found, at stage: Int, _ db: Database) throws -> Why.Answer {
    let (row, source) = try name(found, db)
    let step = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT p.id, p.run FROM step p JOIN run_stage s ON s.fingerprint = p.fingerprint
        WHERE s.run = ? AND s.stage = ?
        """, arguments: [run, stage])
    return Why.Answer(
      row: nil, source: source, stage: stages[stage].name, outcome: .done, detail: "read as \(row)",
      step: try step.maybe(0), madeIn: try step.maybe(1))
  }

  private func answer(_ found: Found, at stage: Int, _ db: Database) throws -> Why.Answer {
    let (row, source) = try name(found, db)
    var answer = Why.Answer(
      row: row, source: source, stage: stages[stage].name, outcome: .pending, detail: "")
    let failure = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT kind, message, occurrence FROM failure WHERE run = ?1 AND stage = ?2
        AND (occurrence = ?3 OR occurrence IS NULL) ORDER BY occurrence IS NULL, id DESC LIMIT 1
        """, arguments: [run, stage, found.id]
    ).map { row in
      let (kind, message): (String, String) = (try row.at(0), try row.at(1))
      return FailureKind.words(kind, message)
    }
    let taken = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT t.step, t.member, t.reason, s.run, s.input IS NOT NULL FROM taken t LEFT JOIN step s ON s.id = t.step
        WHERE t.run = ? AND t.stage = ? AND t.occurrence = ?
        """, arguments: [run, stage, found.id])
    guard let taken else {
      answer.outcome = failure == nil ? .pending : .failed
      answer.detail = failure ?? waiting(stage)
      return answer
    }
    guard let step: Int64 = try taken.at(0) else {
      answer.outcome = .dropped
      answer.detail = [try taken.at(2) as String?, failure].compactMap { $0 }.joined(separator: "; ")
      return answer
    }
    (answer.step, answer.madeIn) = (step, try taken.at(3))
    guard try taken.at(4) as Bool? ?? false else {
      answer.detail = "its set is being worked on"
      return answer
    }
    let emitted = try GRDB.Row.fetchAll(
      db,
      sql: """
        SELECT \(SQL.rowID("r")), e.reason, e.detail FROM emission e LEFT JOIN "row" r ON r.id = e."row"
        WHERE e.step = ? AND e.member = ? ORDER BY e.seq
        """, arguments: [step, try taken.at(1) as Int])
    if let drop = try emitted.first(where: { (try $0.at(1) as String?) != nil }) {
      answer.outcome = .dropped
      answer.detail = [try drop.at(1) as String?, try drop.at(2)].compactMap { $0 }.filter { !$0.isEmpty }
        .joined(separator: ": ")
      return answer
    }
    answer.outcome = .done
    let rows = try emitted.compactMap { try $0.at(0) as String? }
    answer.detail =
      rows.isEmpty ? "used; no row of its own came out" : "became \(rows.joined(separator: ", "))"
    return answer
  }

  /// What keeps a stage from answering a row.
  private func waiting(_ stage: Int) -> String {
    if let only, let last = ordinal(only), !passing(last, sets: true).contains(stage) {
      return "left out by --only \(only)"
    }
    let upstream = passing(stage, sets: true).subtracting([stage]).sorted()
    for (word, count) in [("failed", \Books.failed), ("pending", \Books.pending)] {
      for ordinal in upstream {
        guard let books = books[stages[ordinal].name], books[keyPath: count] > 0 else { continue }
        let number = books[keyPath: count]
        return "waits for \(number) \(word) \(number == 1 ? "row" : "rows") of \(stages[ordinal].name)"
      }
    }
    return status == "waiting"
      ? "waits for an answer from outside, as a person's" : "the run has not come to it (\(status))"
  }
}
