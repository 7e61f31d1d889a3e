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
          SELECT id, result, fault, coalesce(\(SQL.amount("seconds")), 0), images FROM "tool__call" WHERE key = ?
          """)
      for key in keys {
        guard let found = try GRDB.Row.fetchOne(find, arguments: [Data(key.bytes)]) else { continue }
        return ToolResult(
          text: try found.at(1), images: try Self.images(found.at(4)),
          fault: try (found.at(2) as String?).flatMap(ToolFault.Kind.init), seconds: try found.at(3),
          number: try found.at(0))
      }
      return nil
    }
  }

  package func remember(_ call: ToolCall, _ result: ToolResult) async throws -> Int64 {
    let (key, time) = (Data(call.key.bytes), store.now())
    let images = result.images.isEmpty ? nil : JSON.array(result.images.map(\.json)).text
    return try await store.write { db in
      try db.cachedStatement(
        sql: """
          INSERT OR IGNORE INTO "tool__call" (key, tool, arguments, result, fault, seconds, run, stage, at,
            images)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """
      ).execute(
        arguments: [
          key, call.tool, call.arguments, result.text, result.fault?.rawValue, result.seconds,
          call.origin.run, call.origin.stage, time, images,
        ])
      if db.changesCount > 0 { return db.lastInsertedRowID }
      let find = try db.cachedStatement(sql: "SELECT id FROM \"tool__call\" WHERE key = ?")
      guard let id = try Int64.fetchOne(find, arguments: [key]) else {
        throw DatabaseError(message: "a tool's result was not stored")
      }
      return id
    }
  }

  /// Nil where there are none. Errors: as of ``images(_:)``.
  static func shown(_ json: String?) throws -> [ImageReference]? { try json.map { try images($0) } }

  /// Errors: of what no run has written.
  private static func images(_ json: String?) throws -> [ImageReference] {
    guard let json else { return [] }
    let references = try JSON(parsing: json).array?.map(ImageReference.init(json:)) ?? []
    guard !references.isEmpty, !references.contains(nil) else {
      throw StoreError("expected references to images in a tool's result, found \(json.prefix(100))")
    }
    return references.compactMap(\.self)
  }
}
