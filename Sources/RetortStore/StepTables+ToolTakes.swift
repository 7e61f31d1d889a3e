internal import Foundation
internal import GRDB
package import RetortCore

/// How often `--redo-tool` asked for fresh results of a tool. Results of earlier times stay, and count no more.
extension StepTables {
  /// The numbers of some tools, those that are asked anew raised: once for a run and all that resume it.
  ///
  /// - Parameters:
  ///   - tools: the digests of their identities, by name.
  ///   - origin: the first run of those that go on with each other; nil for a run that none goes on with yet.
  static func toolTakes(
    of tools: [String: Digest], redo: Set<String>, origin: Int64?, _ db: Database
  ) throws -> [String: Int] {
    try tools.reduce(into: [:]) { takes, tool in
      let known = try GRDB.Row.fetchOne(
        db, sql: "SELECT number, origin FROM \"tool__take\" WHERE tool = ?",
        arguments: [Data(tool.value.bytes)])
      let (number, raised): (Int?, Int64?) = (try known.maybe(0), try known.maybe(1))
      let isRaised = redo.contains(tool.key) && (origin == nil || raised != origin)
      takes[tool.key] = (number ?? 0) + (isRaised ? 1 : 0)
    }
  }

  static func noteToolTakes(
    _ takes: [String: Int], of tools: [String: Digest], redo: Set<String>, origin: Int64, _ db: Database
  ) throws {
    for (name, digest) in tools where redo.contains(name) {
      try db.execute(
        sql: "INSERT OR REPLACE INTO \"tool__take\" (tool, number, origin) VALUES (?, ?, ?)",
        arguments: [Data(digest.bytes), takes[name], origin])
    }
  }
}

extension StepLog {
  /// How often each tool was asked anew, with those that this run asks anew.
  package func beginToolTakes(
    of tools: [String: Digest], redo: Set<String>, origin: Int64
  ) async throws -> [String: Int] {
    guard !tools.isEmpty else { return [:] }
    return try await store.write { db in
      let takes = try StepTables.toolTakes(of: tools, redo: redo, origin: origin, db)
      try StepTables.noteToolTakes(takes, of: tools, redo: redo, origin: origin, db)
      return takes
    }
  }
}

extension Sketch {
  /// As ``StepLog/beginToolTakes(of:redo:origin:)``, of a run that is not made.
  package func toolTakes(
    of tools: [String: Digest], redo: Set<String>, origin: Int64?
  ) async throws -> [String: Int] {
    guard !tools.isEmpty else { return [:] }
    return try await moment.look { try StepTables.toolTakes(of: tools, redo: redo, origin: origin, $0) }
  }
}
