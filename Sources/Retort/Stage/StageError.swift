/// Why a stage cannot do what the pipeline asks of it: a value under `with:` whose type is right and whose content is
/// not, a file that cannot be read or written, a set that lacks what it must have.
package struct StageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was expected and what was found. A message about a key of `with:` begins with it, as in `count: expected …`:
  /// a check of the file points there.
  package let description: String

  package init(_ description: String) { self.description = description }
}
