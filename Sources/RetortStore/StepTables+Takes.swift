internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import RetortCore

extension StepTables {
  private struct StoredTake {
    /// The valid one.
    var number = 0
    var begun: Int?
    /// The highest one ever begun.
    var highest = 0
    var next: Int { max(number, highest) + 1 }
  }

  /// Decides which take of the stage with this identity a run goes by, and notes a redo that it begins.
  static func take(_ identity: JSON.Object, redo: Redo, _ db: Database) throws -> Take {
    if case .begin = redo {
      let stored = try storedTake(identity, db)
      if stored.begun == nil {
        let next = stored.next
        try db.execute(
          sql: """
            INSERT INTO take (stage, number, begun, highest) VALUES (?1, ?2, ?3, ?3)
            ON CONFLICT (stage) DO UPDATE SET begun = ?3, highest = ?3
            """, arguments: [Data(takeKey(identity).bytes), stored.number, next])
      }
    }
    return try knownTake(identity, redo: redo, db) ?? Take(number: 0)
  }

  /// As ``take(_:redo:_:)``, noting nothing. Nil for a redo that is still to be begun.
  static func knownTake(_ identity: JSON.Object, redo: Redo, _ db: Database) throws -> Take? {
    let stored = try storedTake(identity, db)
    switch (redo, stored.begun) {
    case (.begin, nil): return nil
    case (_, nil): return Take(number: stored.number)
    case (.none, .some(let begun)):
      // Where nothing was answered before, the redo is all there is.
      let isFirst = try prints(of: identity, take: stored.number, db).isEmpty
      return isFirst ? Take(number: begun, isRedo: true) : Take(number: stored.number, leavesRedo: true)
    case (_, .some(let begun)): return Take(number: begun, isRedo: true)
    }
  }

  /// The number of the take that ``take(_:redo:_:)`` would decide for.
  static func takeNumber(_ identity: JSON.Object, redo: Redo, _ db: Database) throws -> Int {
    try knownTake(identity, redo: redo, db)?.number ?? storedTake(identity, db).next
  }

  /// Makes the answers of a redo whose stage has finished the valid ones.
  static func finishRedo(of identity: JSON.Object, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE take SET number = begun, begun = NULL WHERE stage = ? AND begun IS NOT NULL",
      arguments: [Data(takeKey(identity).bytes)])
  }

  /// A stage's identity with the number of its take; that of the first has none.
  static func identity(_ base: JSON.Object, take: Int) -> JSON {
    var identity = base
    if take > 0 { identity["take"] = .int(Int64(take)) }
    return .object(identity)
  }

  /// Earlier takes that a run has begun, the newest first: they answer what the valid one does not.
  static func earlierPrints(_ base: JSON.Object, before take: Take, _ db: Database) throws -> [Int64] {
    guard !take.isRedo, take.number > 0 else { return [] }
    return try (max(0, take.number - 50)..<take.number).reversed().compactMap {
      try knownFingerprint(identity(base, take: $0), db)
    }
  }

  /// The stages that a run or one that it goes on with has begun.
  static func begunStages(since origin: Int64, _ db: Database) throws -> Set<String> {
    Set(
      try String.fetchAll(
        db,
        sql: """
          SELECT s.name FROM run_stage s JOIN run r ON r.id = s.run
          WHERE coalesce(r.origin, r.id) = ? AND s.fingerprint IS NOT NULL
          """, arguments: [origin]))
  }

  /// The redo of a stage that has not finished; `identity` without its take.
  static func unfinishedRedo(of stage: String, _ identity: JSON.Object, _ db: Database) throws
    -> UnfinishedRedo
  {
    guard let begun = try storedTake(identity, db).begun else {
      return UnfinishedRedo(stage: stage, run: nil)
    }
    let prints = try prints(of: identity, take: begun, db)
    let list = prints.map(String.init).joined(separator: ",")
    return UnfinishedRedo(
      stage: stage,
      run: try Int64.fetchOne(db, sql: "SELECT max(run) FROM run_stage WHERE fingerprint IN (\(list))"))
  }

  /// The runs that worked on a redo that has not finished.
  static func runsOfUnfinishedRedos(_ db: Database) throws -> [Int64] {
    let open = try GRDB.Row.fetchAll(db, sql: "SELECT stage, begun FROM take WHERE begun IS NOT NULL")
    guard !open.isEmpty else { return [] }
    let begun = Dictionary(try open.map { (try $0.at(0) as Data, try $0.at(1) as Int) }) { first, _ in first }
    let runs = try GRDB.Row.fetchAll(
      db, sql: "SELECT s.run, f.config FROM run_stage s JOIN fingerprint f ON f.id = s.fingerprint")
    return try runs.compactMap { row in
      guard let identity = try row.json(1).object, let take = identity["take"]?.int,
        begun[Data(takeKey(identity).bytes)] == Int(exactly: take)
      else { return nil }
      return try row.at(0)
    }
  }

  /// Before ``Schema``'s entry for unfinished redos, a take was known by the stage's identity with its version. The take
  /// of the highest version that was begun is the valid one; no number that another one had is given again.
  static func migrateTakes(_ db: Database) throws {
    let old = Dictionary(
      try GRDB.Row.fetchAll(db, sql: "SELECT stage, number FROM take").map {
        (try $0.at(0) as Data, try $0.at(1) as Int)
      }
    ) { first, _ in first }
    guard !old.isEmpty else { return }
    var moved: [Data: (version: Int64, number: Int, highest: Int)] = [:]
    for config in try String.fetchAll(db, sql: "SELECT config FROM fingerprint") {
      guard var identity = (try? JSON(parsing: config))?.object else { continue }
      identity["take"] = nil
      let number = old[Data(Digest(of: .object(identity)).bytes)] ?? 0
      let (key, version) = (Data(takeKey(identity).bytes), identity["version"]?.int ?? 0)
      let known = moved[key] ?? (version, number, number)
      moved[key] = (
        max(version, known.version), version >= known.version ? number : known.number,
        max(number, known.highest)
      )
    }
    for (key, take) in moved where take.highest > 0 {
      try db.execute(
        sql: "INSERT OR REPLACE INTO take (stage, number, highest) VALUES (?, ?, ?)",
        arguments: [key, take.number, take.highest])
    }
  }

  /// What a take belongs to: the stage's identity without its version, since a later version answers the same question.
  private static func takeKey(_ identity: JSON.Object) -> Digest {
    var identity = identity
    identity["version"] = nil
    identity["take"] = nil
    return Digest(of: .object(identity))
  }

  private static func storedTake(_ identity: JSON.Object, _ db: Database) throws -> StoredTake {
    // A take whose every trace but the replies was collected kept the key that it had with the version.
    for key in [takeKey(identity), Digest(of: .object(identity))] {
      let found = try GRDB.Row.fetchOne(
        db, sql: "SELECT number, begun, highest FROM take WHERE stage = ?", arguments: [Data(key.bytes)])
      guard let found else { continue }
      let number: Int = try found.at(0)
      return StoredTake(number: number, begun: try found.at(1), highest: try found.at(2) ?? number)
    }
    return StoredTake()
  }

  /// The fingerprints of this and earlier versions of a stage in one take that have answered something. They are found by
  /// their digests, since what is stored of a configuration lacks what looks like a key.
  private static func prints(of base: JSON.Object, take: Int, _ db: Database) throws -> [Int64] {
    let find = try db.cachedStatement(
      sql: """
        SELECT id FROM fingerprint f WHERE digest = ?
        AND EXISTS (SELECT 1 FROM step WHERE fingerprint = f.id AND input IS NOT NULL)
        """)
    let newest = max(1, base["version"]?.int ?? 1)
    return try (1...newest).reversed().compactMap { version in
      var earlier = base
      earlier["version"] = .int(version)
      return try Int64.fetchOne(
        find, arguments: [Data(Digest(of: identity(earlier, take: take)).bytes)])
    }
  }
}
