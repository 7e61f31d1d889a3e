/// What becomes of the columns of an input row before a stage's own are added: they go on as they are, unless its kind
/// says otherwise.
package struct PassedColumns: Hashable, Sendable {
  /// The columns that go on; nil for all of them.
  private let only: Set<String>?
  /// Those that end here.
  private let dropped: Set<String>
  /// Old name to new name.
  package let renamed: [String: String]
  /// Those that the stage gives another value on purpose: a file need not say `replace: true` for them.
  package let changed: Set<String>

  private init(
    only: Set<String>? = nil, dropped: Set<String> = [], renamed: [String: String] = [:],
    changed: Set<String> = []
  ) {
    self.only = only
    self.dropped = dropped
    self.renamed = renamed
    self.changed = changed
  }

  package static let all = PassedColumns()
  /// These alone, which every row that goes on has.
  package static func only(_ columns: [String]) -> PassedColumns { PassedColumns(only: Set(columns)) }
  package static func dropping(_ columns: [String]) -> PassedColumns { PassedColumns(dropped: Set(columns)) }
  package static func renaming(_ names: [String: String]) -> PassedColumns { PassedColumns(renamed: names) }
  package static func changing(_ columns: [String]) -> PassedColumns { PassedColumns(changed: Set(columns)) }

  /// Whether rows that go on have no column but those that the kind names.
  package var namesAll: Bool { only != nil }

  /// The name under which a column goes on; nil for one that ends here.
  package func name(of column: String) -> String? {
    if dropped.contains(column) || only?.contains(column) == false { return nil }
    return renamed[column] ?? column
  }

  /// Whether a column may have another value behind the stage than it had before.
  package func replaces(_ column: String) -> Bool {
    changed.contains(column) || renamed.values.contains(column)
  }
}
