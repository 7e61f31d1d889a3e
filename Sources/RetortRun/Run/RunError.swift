/// Why a pipeline could not run at all.
struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
