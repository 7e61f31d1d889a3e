internal import OrderedCollections
internal import RetortCore

extension RoundsRewrite {
  /// What is said of stages that are written once, said once: under the name that all rounds have together.
  func toldOnce(_ mistakes: [Diagnostic]) -> [Diagnostic] {
    guard !blocks.isEmpty else { return mistakes }
    let named = mistakes.map { mistake in
      Diagnostic(
        file: mistake.file, line: mistake.line, column: mistake.column,
        message: mistake.message.replacing(/\b([a-z][a-z0-9_]*)\[[0-9]+\]\./) { found in
          blocks[String(found.1)] == nil ? String(found.0) : "\(found.1)."
        })
    }
    return Array(OrderedSet(named))
  }
}
