internal import OrderedCollections
internal import RetortCore

extension PipelineGraph {
  /// A section on a column of texts or numbers has no fields to name: what it names must be columns of the row.
  mutating func checkSection(
    _ use: ColumnUse, of inputs: [(String, Output)], _ draft: StageDraft
  ) {
    for (input, columns) in inputs where !columns.isOpen && !columns.hasMore {
      guard let shape = columns.shapes[use.name], let plain = shape.withoutFields,
        let name = use.inside.first(where: { !columns.possible.contains($0) })
      else { continue }
      let stage = draft.written
      report(
        stage.place(of: name, in: "with"),
        "expected '{{.}}' or a column of '\(input)' (\(columns.possible.joined(separator: ", "))) inside the section on "
          + "'\(use.name)', which is \(plain), found '\(name)'" + NearestWord.hint(name, in: columns.possible)
      )
    }
  }
}

extension ConfigShape.Value {
  /// In words, where it has no fields; nil where it may have.
  fileprivate var withoutFields: String? {
    switch self {
    case .string, .choice: "a text"
    case .integer, .number: "a number"
    case .boolean: "true or false"
    case .list(let element): element.withoutFields.map { "a list, each \($0)" }
    default: nil
    }
  }
}
