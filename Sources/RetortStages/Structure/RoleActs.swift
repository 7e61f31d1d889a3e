internal import OrderedCollections
internal import RetortCore

/// A row as role sets are made from it: the texts that it has, and its lists.
struct StructuredRow: Hashable, Sendable {
  var texts: [String: String]
  var lists: [String: [JSON]]
}

extension Structure {
  /// The training examples of one role, in the order of its acts; acts about each item of one list that follow one
  /// another are asked item by item.
  func examples(of role: Role, in row: StructuredRow) -> [RolePrompt] {
    let asked = role.acts.compactMap { acts?[$0] }
    var examples: [RolePrompt] = []
    var rest = asked[...]
    while let act = rest.first {
      let together = act.each == nil ? rest.prefix(1) : rest.prefix { $0.each == act.each }
      rest = rest.dropFirst(together.count)
      if let list = act.each {
        for item in row.lists[list] ?? [] {
          examples += together.compactMap { prompt($0, texts: row.texts, item: item) }
        }
      } else {
        examples.append(prompt(act, texts: row.texts, target: .array(listed(by: act, in: row))))
      }
    }
    return examples
  }

  /// What the act that lists items answers with.
  private func listed(by act: Act, in row: StructuredRow) -> [JSON] {
    let (list, field) = Self.target(of: act.list ?? "")
    let items = row.lists[list] ?? []
    return field.map { name in items.compactMap { $0[name] }.filter { !$0.isNull } } ?? items
  }

  /// Nil where the item lacks what the act shows of it. Without `gives` in the item, the target's fields are empty texts.
  func prompt(_ act: Act, texts: [String: String], item: JSON) -> RolePrompt? {
    guard let name = act.each, let list = lists[name] else { return nil }
    var given: [String] = []
    for field in act.given ?? [] {
      guard let value = item[field], !value.isNull else { return nil }
      given.append("\(list.heading(of: field)):\n\(value.string ?? value.text)")
    }
    let target = ((act.given ?? []) + (act.gives ?? [])).map { ($0, item[$0] ?? .string("")) }
    return prompt(
      act, texts: texts, given: given, target: .object(JSON.Object(uniqueKeysWithValues: target)))
  }

  func prompt(_ act: Act, texts: [String: String], given: [String] = [], target: JSON) -> RolePrompt {
    let shown = act.shows.compactMap { column in texts[column].map { "\(heading(of: column)):\n\($0)" } }
    return RolePrompt(
      user: (shown + given + [act.asks].compactMap { $0 }).joined(separator: "\n\n"), target: target.text)
  }

  /// The columns and lists that the roles need.
  var roleReads: [ColumnUse] {
    let asked = (roles?.values ?? [:]).values.flatMap(\.acts).compactMap { acts?[$0] }
    let shown = Set(asked.flatMap(\.shows))
    let used = Set(asked.compactMap { $0.each ?? $0.list.map { Self.target(of: $0).list } })
    return columns.names.filter(shown.contains).map {
      ColumnUse($0, required: columns[$0]?.optional != true)
    } + lists.names.filter(used.contains).map { ColumnUse($0) }
  }
}

extension StructureForm {
  /// Errors: ``JSONError`` naming the column; ``StageError`` where a list does not fit the structure.
  func structuredRow(_ row: JSON.Object) throws -> StructuredRow {
    var texts: [String: String] = [:]
    for column in structure.roleReads where lists[column.name] == nil {
      texts[column.name] = try column.text(in: row)
    }
    let reading = StructureReading(row, as: self)
    if let complaint = reading.complaints.first {
      throw StageError(
        "expected rows that fit the structure (validate-structure drops others), found \(complaint)")
    }
    let items = reading.items.map { name, items in (name, items.map { plain($0, of: name) }) }
    return StructuredRow(texts: texts, lists: Dictionary(uniqueKeysWithValues: items))
  }
}

extension RoleRow {
  /// As the task's own structure has it.
  var structured: StructuredRow {
    StructuredRow(
      texts: ["question": question, "answer": answer, "cot": cot].compactMapValues { $0 },
      lists: [
        "question_parsing": questionParsing.map(JSON.string), "cot_parsing": cotParsing.map(\.json),
      ])
  }
}
