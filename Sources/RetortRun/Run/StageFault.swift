/// A stage that broke its contract, or its row's; the row fails with this message.
struct StageFault: Error, Hashable, Sendable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
