internal import OrderedCollections
internal import RetortCore

extension ColumnUse {
  /// The text of this column; nil where a row may lack it. Errors: ``JSONError`` naming the column.
  func text(in row: JSON.Object) throws -> String? {
    switch row[name] {
    case .string(let text): return text
    case nil where !required, .null where !required: return nil
    case nil: throw JSONError("column '\(name)': expected a value, found no such column")
    case let other?: throw JSONError("column '\(name)': expected a string, found \(other.kind)")
    }
  }
}

extension Structure {
  /// Errors: ``StageErrors`` about the key `lists`, where it names what the structure has not.
  func expectLists(_ names: [String]?) throws {
    guard let names else { return }
    var mistakes: [StageError] =
      names.isEmpty ? [StageError("lists: expected at least one list, found none", at: ["lists"])] : []
    for (index, name) in names.enumerated() {
      let path = ["lists", "\(index)"]
      if names[..<index].contains(name) {
        mistakes.append(StageError("expected each list once, found '\(name)' again", at: path))
      } else if lists[name] == nil {
        mistakes.append(
          StageError(
            "expected a list of the structure (\(lists.names.joined(separator: ", "))), found '\(name)'"
              + NearestWord.hint(name, in: lists.names), at: path))
      }
    }
    if !mistakes.isEmpty { throw StageErrors(mistakes) }
  }
}
