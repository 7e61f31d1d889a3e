internal import Foundation
internal import GRDB
internal import OrderedCollections
package import RetortCore

/// Replies that were paid for, under the digest of what was asked, and calls that came to nothing.
package struct ReplyLog: ReplyMemory {
  let store: Store

  package func recall(_ request: Digest) async throws -> RawReply? {
    try await store.lookUp { try Self.recall(request, $0) }
  }

  package func recall(_ requests: [Digest]) async throws -> [RawReply?] {
    try await store.read { db in try requests.map { try Self.recall($0, db) } }
  }

  private static func recall(_ request: Digest, _ db: Database) throws -> RawReply? {
    let find = try db.cachedStatement(
      sql: """
        SELECT id, body, \(SQL.count("prompt_tokens")), \(SQL.count("completion_tokens")), \(SQL.count("cached_tokens")),
          coalesce(\(SQL.amount("seconds")), 0), \(SQL.count("attempts"))
        FROM reply WHERE request = ?
        """)
    return try GRDB.Row.fetchOne(find, arguments: [Data(request.bytes)]).map {
      RawReply(
        body: try $0.at(1),
        usage: Usage(promptTokens: try $0.at(2), completionTokens: try $0.at(3), cachedTokens: try $0.at(4)),
        seconds: try $0.at(5), attempts: try $0.at(6), call: try $0.at(0), remembered: true)
    }
  }

  package func remember(_ request: ModelRequest, _ reply: RawReply) async throws -> Int64 {
    let (run, stage, time) = (request.origin.run, request.origin.stage, store.now())
    let prompt = request.exchange.prompt
    let usage = request.booked(reply)
    let usd = request.model.price?.usd(usage)
    let (digest, key) = (Data(prompt.digest.bytes), Data(request.digest.bytes))
    let keys = Redaction(request.model.keysInFile)
    let promptText = request.model.keysInFile.isEmpty ? prompt.text : keys.values(prompt.json).text
    let parametersText = keys.values(request.exchange.parameters).text
    let model = keys.words(request.model.name)
    return try await store.write { db in
      try db.cachedStatement(sql: "INSERT OR IGNORE INTO prompt (digest, json) VALUES (?, ?)")
        .execute(arguments: [digest, promptText])
      try db.cachedStatement(
        sql: """
          INSERT OR IGNORE INTO reply (request, model, prompt, parameters, body, prompt_tokens, completion_tokens,
            cached_tokens, usd, seconds, attempts, run, stage, at)
          VALUES (?, ?, (SELECT id FROM prompt WHERE digest = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """
      ).execute(
        arguments: [
          key, model, digest, parametersText, reply.body, usage.promptTokens,
          usage.completionTokens, usage.cachedTokens, usd, reply.seconds, reply.attempts, run,
          stage,
          time,
        ])
      if db.changesCount > 0 { return db.lastInsertedRowID }
      let find = try db.cachedStatement(sql: "SELECT id FROM reply WHERE request = ?")
      guard let id = try Int64.fetchOne(find, arguments: [key]) else {
        throw DatabaseError(message: "a reply was not stored")
      }
      return id
    }
  }

  /// What the message of a try ends with whose tokens are an estimate.
  static let estimated = " (its tokens are an estimate)"

  package func failed(_ request: ModelRequest, _ failure: FailedCall) async throws {
    let (run, stage, time) = (request.origin.run, request.origin.stage, store.now())
    let usage = failure.usage ?? Usage()
    let isEstimate = usage == request.estimate && usage != Usage()
    let message = failure.message + (isEstimate ? Self.estimated : "")
    let usd = request.model.price?.usd(usage)
    try await store.write { db in
      try db.execute(
        sql: """
          INSERT INTO failed_call (request, model, run, stage, kind, status, message, prompt_tokens,
            completion_tokens, cached_tokens, usd, seconds, attempts, at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
          """,
        arguments: [
          Data(request.digest.bytes), Redaction(request.model.keysInFile).words(request.model.name), run,
          stage,
          failure.kind, failure.status, message,
          usage.promptTokens, usage.completionTokens, usage.cachedTokens, usd, request.attempt, time,
        ])
    }
  }

  /// What a run and its resumes have paid so far. `origin` is the first of them.
  package func spent(since origin: Int64) async throws -> Budget.Amount {
    try await store.read { db in
      let found = try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT total(\(SQL.amount("c.usd"))),
            total(\(SQL.count("c.prompt_tokens"))) + total(\(SQL.count("c.completion_tokens")))
          FROM (\(Views.ledger("calls"))) c JOIN run r ON r.id = c.run WHERE coalesce(r.origin, r.id) = ?
          """, arguments: [origin])
      return Budget.Amount(usd: try found.maybe(0) ?? 0, tokens: Int(bounded: try found.maybe(1) ?? 0))
    }
  }
}
