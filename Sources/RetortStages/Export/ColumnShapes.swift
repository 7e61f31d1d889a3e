internal import OrderedCollections
internal import RetortCore

extension RowSet where Value == Columns {
  /// The one type of each column over all rows; of `columns`, in their order, or of all. Those of `asJSON` are text.
  ///
  /// Errors: ``StageError`` for a column whose values have no type in common.
  func shapes(
    of columns: [String]?, asJSON: [String] = [], joining known: OrderedDictionary<String, ColumnShape> = [:]
  ) async throws -> OrderedDictionary<String, ColumnShape> {
    var shapes = known
    for name in columns ?? [] where shapes[name] == nil { shapes[name] = .null }
    let texts = Set(asJSON)
    for try await element in self {
      for (name, value) in element.value.values where columns == nil || shapes[name] != nil {
        if texts.contains(name) {
          shapes[name] = .json
          continue
        }
        do {
          let shape = try ColumnShape(of: value)
          shapes[name] = try shapes[name]?.joined(shape) ?? shape
        } catch {
          throw StageError(
            "column '\(name)\(error.path)': expected one type in every row, found \(error.left) before and "
              + "\(error.right) in row \(element.id); write it as JSON text with 'as_json: [\(name)]', or leave it "
              + "out of 'columns:'", needsEdit: true)
        }
      }
    }
    return shapes
  }
}
