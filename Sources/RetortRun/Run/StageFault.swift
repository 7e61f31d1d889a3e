/// A stage that broke its contract, or its row's; the row fails with this message.
package struct StageFault: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
