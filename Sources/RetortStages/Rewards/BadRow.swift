/// Why a row is of no use to a stage: a drop's reason and detail.
struct BadRow: Error, Hashable, Sendable {
  let reason: String
  let detail: String
  init(_ reason: String, _ detail: String) {
    self.reason = reason
    self.detail = detail
  }
}

extension BadRow {
  /// What came of a row; other errors go on.
  static func result<Value>(_ body: () async throws -> Value) async throws -> Result<Value, BadRow> {
    do { return .success(try await body()) } catch let bad as BadRow { return .failure(bad) }
  }
}
