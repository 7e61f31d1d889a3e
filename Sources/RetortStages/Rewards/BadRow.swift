/// Why a row is of no use to a stage: a drop's reason and detail.
struct BadRow: Error, Hashable, Sendable {
  let reason: String
  let detail: String
  init(_ reason: String, _ detail: String) {
    self.reason = reason
    self.detail = detail
  }
}
