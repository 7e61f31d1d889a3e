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

  /// Decides which take of the stage with this key a run goes by, and notes a redo that it begins.
  static func take(_ key: StageKey, redo: Redo, _ db: Database) throws -> Take {
    if case .begin = redo {
      let stored = try storedTake(key, db)
      if stored.begun == nil {
        let next = stored.next
        try db.execute(
          sql: """
            INSERT INTO take (stage, number, begun, highest) VALUES (?1, ?2, ?3, ?3)
            ON CONFLICT (stage) DO UPDATE SET begun = ?3, highest = ?3
            """, arguments: [Data(key.takeKey.bytes), stored.number, next])
      }
    }
    return try knownTake(key, redo: redo, db) ?? Take(number: 0)
  }

  /// As ``take(_:redo:_:)``, noting nothing. Nil for a redo that is still to be begun.
  static func knownTake(_ key: StageKey, redo: Redo, _ db: Database) throws -> Take? {
    let stored = try storedTake(key, db)
    switch (redo, stored.begun) {
    case (.begin, nil): return nil
    case (_, nil): return Take(number: stored.number)
    case (.none, .some(let begun)):
      // Where nothing was answered before, the redo is all there is.
      let isFirst = try prints(of: key, take: stored.number, db).isEmpty
      return isFirst ? Take(number: begun, isRedo: true) : Take(number: stored.number, leavesRedo: true)
    case (_, .some(let begun)): return Take(number: begun, isRedo: true)
    }
  }

  /// The number of the take that ``take(_:redo:_:)`` would decide for.
  static func takeNumber(_ key: StageKey, redo: Redo, _ db: Database) throws -> Int {
    try knownTake(key, redo: redo, db)?.number ?? storedTake(key, db).next
  }

  /// Makes the answers of a redo whose stage has finished the valid ones.
  static func finishRedo(of key: StageKey, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE take SET number = begun, begun = NULL WHERE stage = ? AND begun IS NOT NULL",
      arguments: [Data(key.takeKey.bytes)])
  }

  /// Earlier takes that a run has begun, the newest first: they answer what the valid one does not.
  static func earlierPrints(_ key: StageKey, before take: Take, _ db: Database) throws -> [Int64] {
    guard !take.isRedo, take.number > 0 else { return [] }
    return try (max(0, take.number - 50)..<take.number).reversed().compactMap {
      try knownFingerprint(key.identity(take: $0), db)
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

  /// Whether a run or one that goes on with it has begun a stage of this key in its newest take, of those that were asked
  /// for.
  static func hasBegunTake(of key: StageKey, since origin: Int64, _ db: Database) throws -> Bool {
    let stored = try storedTake(key, db)
    let take = stored.begun ?? stored.number
    guard take > 0 else { return false }
    return try Bool.fetchOne(
      db,
      sql: """
        SELECT EXISTS (SELECT 1 FROM run_stage s JOIN run r ON r.id = s.run JOIN fingerprint f ON f.id = s.fingerprint
          WHERE coalesce(r.origin, r.id) = ? AND f.digest = ?)
        """, arguments: [origin, Data(Digest(of: key.identity(take: take)).bytes)]) ?? false
  }

  /// The redo of a stage that has not finished.
  static func unfinishedRedo(of stage: String, _ key: StageKey, _ db: Database) throws -> UnfinishedRedo {
    guard let begun = try storedTake(key, db).begun else {
      return UnfinishedRedo(stage: stage, run: nil)
    }
    let prints = try prints(of: key, take: begun, db)
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
        begun[Data(StageKey(identity).takeKey.bytes)] == Int(exactly: take)
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
      let (key, version) = (Data(StageKey(identity).takeKey.bytes), identity["version"]?.int ?? 0)
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

  private static func storedTake(_ key: StageKey, _ db: Database) throws -> StoredTake {
    // A take whose every trace but the replies was collected kept the key that it had with the version.
    for digest in [key.takeKey, Digest(of: key.identity(take: 0))] {
      let found = try GRDB.Row.fetchOne(
        db, sql: "SELECT number, begun, highest FROM take WHERE stage = ?", arguments: [Data(digest.bytes)])
      guard let found else { continue }
      let number: Int = try found.at(0)
      return StoredTake(number: number, begun: try found.at(1), highest: try found.at(2) ?? number)
    }
    return StoredTake()
  }

  /// The fingerprints of this and earlier versions of a stage in one take that have answered something. They are found by
  /// their digests, since what is stored of a configuration lacks what looks like a key.
  private static func prints(of key: StageKey, take: Int, _ db: Database) throws -> [Int64] {
    let find = try db.cachedStatement(
      sql: """
        SELECT id FROM fingerprint f WHERE digest = ?
        AND EXISTS (SELECT 1 FROM step WHERE fingerprint = f.id AND input IS NOT NULL)
        """)
    return try key.versions.compactMap {
      try Int64.fetchOne(find, arguments: [Data(Digest(of: $0.identity(take: take)).bytes)])
    }
  }
}
