internal import GRDB
internal import RetortCore

/// The tables, as an append-only list of migrations: a released entry is never edited. `docs/store.md` explains them.
enum Schema {
  private static let migrations = [
    ("1: steps, runs, replies", first),
    (
      "2: what a run read and what it resumes",
      "ALTER TABLE run ADD COLUMN origin INTEGER; ALTER TABLE run ADD COLUMN resolved TEXT"
    ),
    (
      "3: samples left out",
      "CREATE INDEX emission_left_out ON emission (step) WHERE member IS NULL AND reason IS NOT NULL"
    ),
    (
      "4: all members that a row is made from",
      """
      ALTER TABLE emission ADD COLUMN members TEXT;
      ALTER TABLE taken ADD COLUMN first INTEGER;
      CREATE INDEX emission_members ON emission (step) WHERE members IS NOT NULL;
      """
    ),
    (
      "5: look a member's emission up",
      """
      DROP INDEX emission_left_out;
      CREATE INDEX emission_drops ON emission (step, member) WHERE reason IS NOT NULL;
      DROP INDEX emission_members;
      CREATE INDEX emission_made ON emission (step, member) WHERE members IS NOT NULL;
      """
    ),
    ("6: the sample that a call was made for", "ALTER TABLE step_call ADD COLUMN sample INTEGER"),
    ("7: the replies of a run", "CREATE INDEX reply_run ON reply (run, stage)"),
    (
      unfinishedRedos,
      "ALTER TABLE take ADD COLUMN begun INTEGER; ALTER TABLE take ADD COLUMN highest INTEGER"
    ),
    ("9: where a run was made", "ALTER TABLE run ADD COLUMN home TEXT"),
    ("10: steps that an endpoint refused for good", refusedSteps),
    (
      // No stage can have a name with two underscores.
      "11: files that exports write",
      """
      CREATE TABLE "file__mark" (path TEXT NOT NULL, role TEXT NOT NULL, mark TEXT NOT NULL,
        PRIMARY KEY (path, role, mark)) WITHOUT ROWID
      """
    ),
    (
      "12: calls of tools",
      """
      CREATE TABLE "tool__call" (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, tool TEXT NOT NULL,
        arguments TEXT NOT NULL, result TEXT NOT NULL, fault TEXT, seconds REAL NOT NULL, run INTEGER, stage TEXT,
        at REAL NOT NULL);
      CREATE INDEX tool__call_run ON "tool__call" (run, stage);
      CREATE TABLE "step__tool" (step INTEGER NOT NULL, seq INTEGER NOT NULL, "call" INTEGER NOT NULL, sample INTEGER,
        turn INTEGER NOT NULL, PRIMARY KEY (step, seq)) WITHOUT ROWID;
      CREATE TABLE "tool__take" (tool BLOB PRIMARY KEY, number INTEGER NOT NULL, origin INTEGER NOT NULL) WITHOUT ROWID;
      """
    ),
    (
      // References as a JSON list; null where it shows none.
      "13: images that tools show", "ALTER TABLE \"tool__call\" ADD COLUMN images TEXT"
    ),
  ]

  private static let unfinishedRedos = "8: redos that have not finished"

  /// What a migration does beside its statements.
  private static let conversions: [String: @Sendable (Database) throws -> Void] = [
    unfinishedRedos: { try StepTables.migrateTakes($0) }
  ]

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator().disablingDeferredForeignKeyChecks()
    for (name, sql) in migrations {
      migrator.registerMigration(name) { db in
        try db.execute(sql: sql)
        try conversions[name]?(db)
        // In the last one's transaction: a store has its views or is still of an earlier schema.
        if name == migrations.last?.0 { try Views.make(db) }
      }
    }
    return migrator
  }

  /// Every table and index ever made: no view can have one of these names.
  static var names: [String] {
    migrations.flatMap { $0.1.matches(of: /CREATE (?:UNIQUE )?(?:TABLE|INDEX) "?(\w+)/).map { String($0.1) } }
  }

  /// The statements that make some tables and their indices as they are now. They are not read from a store, which may
  /// hold anything.
  static func definitions(of tables: [String]) throws -> [String] {
    let fresh = try DatabaseQueue()
    try migrator.migrate(fresh)
    return try fresh.read { db in
      try tables.flatMap { table in
        try String.fetchAll(
          db,
          sql: """
            SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC, rowid
            """, arguments: [table])
      }
    }
  }

  /// Of earlier runs only what no endpoint takes back counts: a text that is too long, or not well formed. Messages
  /// begin as `refused (HTTP 413): `.
  private static let refusedSteps = """
    CREATE TABLE "refused_step" (fingerprint INTEGER NOT NULL, input BLOB NOT NULL, kind TEXT NOT NULL,
      status INTEGER, message TEXT NOT NULL, PRIMARY KEY (fingerprint, input)) WITHOUT ROWID;
    INSERT OR IGNORE INTO refused_step SELECT s.fingerprint, r.digest, f.kind,
      CAST(substr(f.message, 15, 3) AS INTEGER), substr(f.message, 21)
    FROM failure f JOIN run_stage s ON s.run = f.run AND s.stage = f.stage
    JOIN occurrence o ON o.id = f.occurrence JOIN "row" r ON r.id = o."row"
    WHERE f.kind = 'refused' AND substr(f.message, 1, 20) IN ('refused (HTTP 413): ', 'refused (HTTP 422): ')
      AND f.message NOT LIKE '%batch%';
    """

  private static let first = """
    CREATE TABLE "fingerprint" (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, kind TEXT NOT NULL,
      version INTEGER NOT NULL, config TEXT NOT NULL);
    CREATE TABLE "row" (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, json TEXT NOT NULL);
    CREATE TABLE "step" (id INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL, input BLOB, run INTEGER NOT NULL,
      made_at REAL NOT NULL, UNIQUE (fingerprint, input));
    CREATE TABLE "emission" (step INTEGER NOT NULL, seq INTEGER NOT NULL, member INTEGER, "row" INTEGER,
      reason TEXT, detail TEXT, PRIMARY KEY (step, seq)) WITHOUT ROWID;
    CREATE TABLE "occurrence" (id INTEGER PRIMARY KEY, run INTEGER NOT NULL, stage INTEGER NOT NULL,
      path TEXT NOT NULL, "row" INTEGER NOT NULL, parent INTEGER);
    CREATE INDEX occurrence_arrival ON "occurrence" (run, stage);
    CREATE INDEX occurrence_order ON "occurrence" (run, stage, path);
    CREATE INDEX occurrence_parent ON "occurrence" (parent);
    CREATE TABLE "taken" (run INTEGER NOT NULL, stage INTEGER NOT NULL, occurrence INTEGER NOT NULL, step INTEGER,
      member INTEGER NOT NULL, reason TEXT, PRIMARY KEY (run, stage, occurrence)) WITHOUT ROWID;
    CREATE INDEX taken_step ON "taken" (step, run, stage, member);
    CREATE TABLE "failure" (id INTEGER PRIMARY KEY, run INTEGER NOT NULL, stage INTEGER NOT NULL,
      occurrence INTEGER, kind TEXT NOT NULL, message TEXT NOT NULL, at REAL NOT NULL, calls TEXT NOT NULL);
    CREATE INDEX failure_run ON "failure" (run, stage);
    CREATE TABLE "prompt" (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, json TEXT NOT NULL);
    CREATE TABLE "reply" (id INTEGER PRIMARY KEY, request BLOB NOT NULL UNIQUE, model TEXT NOT NULL,
      prompt INTEGER NOT NULL, parameters TEXT NOT NULL, body TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
      completion_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, usd REAL, seconds REAL NOT NULL,
      attempts INTEGER NOT NULL, run INTEGER, stage TEXT, at REAL NOT NULL);
    CREATE TABLE "failed_call" (id INTEGER PRIMARY KEY, request BLOB NOT NULL, model TEXT NOT NULL, run INTEGER,
      stage TEXT, kind TEXT NOT NULL, status INTEGER, message TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
      completion_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, usd REAL, seconds REAL NOT NULL,
      attempts INTEGER NOT NULL, at REAL NOT NULL);
    CREATE TABLE "step_call" (step INTEGER NOT NULL, seq INTEGER NOT NULL, reply INTEGER NOT NULL,
      PRIMARY KEY (step, seq)) WITHOUT ROWID;
    CREATE TABLE "run" (id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, file TEXT NOT NULL, started REAL NOT NULL,
      finished REAL, status TEXT NOT NULL, flags TEXT NOT NULL, fingerprint BLOB NOT NULL);
    CREATE TABLE "run_stage" (run INTEGER NOT NULL, stage INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
      fingerprint INTEGER, version INTEGER NOT NULL, "from" TEXT NOT NULL, "using" TEXT NOT NULL, columns TEXT,
      PRIMARY KEY (run, stage)) WITHOUT ROWID;
    CREATE TABLE "take" (stage BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    """
}
