internal import OrderedCollections
internal import RetortCore

/// What stages do to columns and to the order of rows beside adding some.
extension PipelineGraph {
  /// The columns of input rows that go on, under the names that they go on by.
  mutating func pass(_ result: inout Output, _ passed: PassedColumns, _ draft: StageDraft) {
    guard passed != .all else { return }
    if draft.written.fields?.replace != true {
      for (old, new) in passed.renamed.sorted(by: { $0.key < $1.key })
      where result.possible.contains(where: { $0 != old && passed.name(of: $0) == new }) {
        report(
          draft.written.place(of: new, in: "with"),
          "expected a name that no column of the rows has, found '\(new)', which one has already; rename that one too, or "
            + "write 'replace: true'")
      }
    }
    let shapes = result.shapes
    result.certain = OrderedSet(result.certain.compactMap(passed.name))
    result.possible = OrderedSet(result.possible.compactMap(passed.name))
    result.shapes = Dictionary(
      shapes.compactMap { name, shape in passed.name(of: name).map { ($0, shape) } }
    ) { first, _ in first }
    for column in passed.changed { result.shapes[column] = nil }
    if passed.namesAll {
      let columns = draft.bound?.reads.filter(\.required).map(\.name) ?? []
      (result.isOpen, result.hasMore) = (false, false)
      // What the input was not known to have, its rows have from here on.
      result.certain.formUnion(columns)
      result.possible = result.certain
    }
  }

  /// A stage upstream that puts rows of several groups of `per` into one order, so that no group is left; nil for none.
  func reordering(above name: String, since per: String) -> String? {
    ancestors(name).sorted().first { between in
      guard let draft = drafts[between], draft.entry?.reorders == true, ancestors(between).contains(per)
      else {
        return false
      }
      guard let group = draft.written.fields?.per else { return true }
      return group != per && !ancestors(group).contains(per)
    }
  }
}
