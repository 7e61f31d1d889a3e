internal import Foundation
internal import GRDB
package import RetortCore

/// Results of tool calls, under what was asked.
package struct ToolLog: ToolMemory {
  let store: Store

  package func recall(_ keys: [Digest]) async throws -> ToolResult? {
    try await store.lookUp { db in
      let find = try db.cachedStatement(
        sql: """
          SELECT id, result, fault, coalesce(\(SQL.amount("seconds")), 0) FROM "tool__call" WHERE key = ?
          """)
      for key in keys {
        guard let found = try GRDB.Row.fetchOne(find, arguments: [Data(key.bytes)]) else { continue }
        return ToolResult(
          text: try found.at(1), fault: try (found.at(2) as String?).flatMap(ToolFault.Kind.init),
          seconds: try found.at(3), number: try found.at(0))
      }
      return nil
    }
  }

  package func remember(_ call: ToolCall, _ result: ToolResult) async throws -> Int64 {
    let (key, time) = (Data(call.key.bytes), store.now())
    return try await store.write { db in
      try db.cachedStatement(
        sql: """
          INSERT OR IGNORE INTO "tool__call" (key, tool, arguments, result, fault, seconds, run, stage, at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          """
      ).execute(
        arguments: [
          key, call.tool, call.arguments, result.text, result.fault?.rawValue, result.seconds,
          call.origin.run,
          call.origin.stage, time,
        ])
      if db.changesCount > 0 { return db.lastInsertedRowID }
      let find = try db.cachedStatement(sql: "SELECT id FROM \"tool__call\" WHERE key = ?")
      guard let id = try Int64.fetchOne(find, arguments: [key]) else {
        throw DatabaseError(message: "a tool's result was not stored")
      }
      return id
    }
  }
}
