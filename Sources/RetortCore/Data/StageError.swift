/// Why a stage cannot do what the pipeline asks of it: a value under `with:` whose type is right and whose content is
/// not, a file that cannot be read or written, a set that lacks what it must have.
package struct StageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was expected and what was found. A message about a key of `with:` begins with it, as in `count: expected …`:
  /// a check of the file points there.
  package let description: String
  /// Keys and positions under `with:` that it is about, where the key it begins with is not all.
  package let path: [String]
  /// Whether the last of `path` is wrong as a key, and not in what it has.
  package let isAboutKey: Bool
  /// Whether only a change of the pipeline file helps.
  package let needsEdit: Bool

  package init(
    _ description: String, at path: [String] = [], isAboutKey: Bool = false, needsEdit: Bool = false
  ) {
    self.description = description
    self.path = path
    self.isAboutKey = isAboutKey
    self.needsEdit = needsEdit
  }
}

/// Several of them, so that a check of the file names all.
package struct StageErrors: Error, Hashable, Sendable, CustomStringConvertible {
  package let all: [StageError]

  package init(_ all: [StageError]) { self.all = all }

  package var description: String { all.map(\.description).joined(separator: "\n") }
}
