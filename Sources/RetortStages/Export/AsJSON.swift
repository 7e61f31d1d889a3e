internal import RetortCore

/// The key `as_json` of exports: columns whose values have no type in common.
enum AsJSON {
  static let help =
    "Columns to write as JSON text, for those whose values differ in type, such as 'puzzle'; default none."

  /// Errors: ``StageError`` for one that is not written.
  static func checked(_ names: [String]?, in columns: [String]?) throws -> [String] {
    let names = names ?? []
    guard let columns, let other = names.first(where: { !columns.contains($0) }) else { return names }
    throw StageError(
      "as_json: expected columns that 'columns:' names (\(columns.joined(separator: ", "))), found '\(other)'"
        + NearestWord.hint(other, in: columns))
  }
}
