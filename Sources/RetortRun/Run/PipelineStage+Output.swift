internal import OrderedCollections
internal import RetortCore

extension PipelineStage {
  /// A row with what this stage made of its columns, and with those that it added, under the names that the pipeline file
  /// gives them.
  ///
  /// Errors: ``StageFault`` when a column of another value exists and `replace:` is not set.
  func output(_ added: JSON.Object, addedTo row: Row) throws -> Row {
    let columns = try kept(of: row.columns)
    var named: JSON.Object = [:]
    for (name, value) in added {
      let column = renames[name] ?? name
      if !replace, column != name || !passed.changed.contains(name), let old = columns[column], old != value {
        throw taken(column)
      }
      named[column] = value
    }
    return Row(columns).adding(named)
  }

  /// The columns that go on, each in its place.
  private func kept(of columns: JSON.Object) throws -> JSON.Object {
    guard !entry.makesRows, passed != .all else { return columns }
    var kept: JSON.Object = [:]
    kept.reserveCapacity(columns.count)
    for (column, value) in columns {
      guard let name = passed.name(of: column) else { continue }
      // What is in the way of another one's new name ends here.
      if name == column, passed.renamed.contains(where: { $0.value == name && columns[$0.key] != nil }) {
        guard replace else { throw taken(name) }
        continue
      }
      kept[name] = value
    }
    return kept
  }

  private func taken(_ column: String) -> StageFault {
    StageFault(
      "writes the column '\(column)', which the row has already; rename it under 'as:' or set 'replace: true'"
    )
  }
}
