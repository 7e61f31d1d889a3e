internal import OrderedCollections
internal import RetortCore

/// What a check cannot know, since only a run reads the rows.
extension PipelineGraph {
  /// Sources that do not say which columns they have, where stages name some: whether those are there, a run will tell.
  func unknownColumns() -> [Diagnostic] {
    drafts.values.compactMap { draft -> Diagnostic? in
      let name = draft.written.name
      guard let entry = draft.entry, entry.isReader, outputs[name]?.isOpen == true else { return nil }
      let readers = drafts.values.filter { user in
        froms(user.written.name).contains { isOpen($0, since: name) }
          && user.bound?.reads.contains(where: \.isNamed) == true
      }
      guard !readers.isEmpty else { return nil }
      let names = OrderedSet(readers.map { $0.written.made?.place.label ?? $0.written.name })
      let users = names.count > 3 ? names.prefix(2) + ["\(names.count - 2) more"] : Array(names)
      let remedy = entry.keys["columns"] == nil ? "" : "; 'columns:' under its 'with:' lets check tell"
      return Diagnostic(
        draft.written.keyPlace,
        "'\(name)' does not say which columns its rows have: whether those are there that are read by "
          + "\(users.joined(separator: ", ")), only a run tells\(remedy)")
    }
  }

  /// Whether the rows of a stage are of unknown columns for want of those of a source.
  private func isOpen(_ name: String, since source: String) -> Bool {
    outputs[name]?.isOpen == true && (name == source || ancestors(name).contains(source))
  }

  /// A column that a stage fills, or makes where the rows have none, under a name that is much like one that the rows are known to have.
  func isSlip(_ use: ColumnUse, of inputs: [(String, Output)]) -> Bool {
    let isOffered = inputs.contains { $0.1.isOpen || $0.1.hasMore || $0.1.possible.contains(use.name) }
    return !isOffered && inputs.contains { NearestWord.of(use.name, in: $0.1.possible) != nil }
  }

  /// A column that rows may have and the file does not name, under a name that is much like one of those that it does.
  func nearMiss(_ use: ColumnUse, of inputs: [(String, Output)], _ draft: StageDraft) -> Diagnostic? {
    guard use.isNamed, !use.required,
      !inputs.contains(where: { $0.1.isOpen || $0.1.possible.contains(use.name) }),
      let (input, columns) = inputs.first(where: \.1.hasMore),
      let near = NearestWord.of(use.name, in: columns.possible)
    else { return nil }
    return Diagnostic(
      draft.written.place(of: use.name, in: "with"),
      "'\(input)' names no column '\(use.name)', which '\(draft.written.name)' reads where a row has it (did you mean "
        + "'\(near)'?)")
  }
}
