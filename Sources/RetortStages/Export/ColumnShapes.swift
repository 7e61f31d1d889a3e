internal import OrderedCollections
internal import RetortCore

extension RowSet where Value == Columns {
  /// The one type of each column over all rows; of `columns`, in their order, or of all.
  ///
  /// Errors: ``StageError`` for a column whose values have no type in common.
  func shapes(
    of columns: [String]?, joining known: OrderedDictionary<String, ColumnShape> = [:]
  ) async throws -> OrderedDictionary<String, ColumnShape> {
    var shapes = known
    for name in columns ?? [] where shapes[name] == nil { shapes[name] = .null }
    for try await element in self {
      for (name, value) in element.value.values where columns == nil || shapes[name] != nil {
        do {
          let shape = try ColumnShape(of: value)
          shapes[name] = try shapes[name]?.joined(shape) ?? shape
        } catch {
          throw StageError(
            "column '\(name)\(error.path)': expected one type in every row, found \(error.left) before and "
              + "\(error.right) in row \(element.id); name the columns to write with columns:, without this one"
          )
        }
      }
    }
    return shapes
  }
}
