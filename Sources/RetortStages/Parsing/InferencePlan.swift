internal import OrderedCollections
internal import RetortCore

/// Which acts of a structure's roles take a row apart: each list is listed by one act, and the fields of its items are
/// filled by others. An act is asked of the role that names it earliest among its own; of equals, of the first.
struct InferencePlan: Sendable {
  struct Asked: Sendable {
    let act: Structure.Act
    let role: String
  }

  struct Part: Sendable {
    let name: String
    let list: Structure.List
    let listing: Asked
    /// The field that is listed; nil where whole items are.
    let field: String?
    /// So that what each is given is there when its turn comes.
    let filling: [Asked]
  }

  /// In the structure's order.
  let parts: [Part]

  /// The roles that are asked, in the structure's order.
  let roles: [String]

  /// Errors: ``StageErrors`` about the key `structure`, for each list or field that no role gives.
  init(_ structure: Structure) throws {
    guard structure.roles != nil else {
      throw StageError("structure: expected one with roles, found none in it", at: ["structure"])
    }
    let asked = Self.asked(structure)
    var mistakes: [StageError] = []
    var parts: [Part] = []
    for (name, list) in structure.lists.values {
      let listing = asked.first { $0.act.list.map { Structure.target(of: $0).list } == name }
      guard let listing, let target = listing.act.list else {
        mistakes.append(
          StageError(
            "structure: expected an act of a role that lists '\(name)', found none", at: ["structure"]))
        continue
      }
      let field = Structure.target(of: target).field
      let fields = list.fields?.names ?? []
      var known = Set(field.map { [$0] } ?? fields)
      var left = asked.filter { $0.act.each == name }
      var filling: [Asked] = []
      while let next = left.firstIndex(where: { Set($0.act.given ?? []).isSubset(of: known) }) {
        let asked = left.remove(at: next)
        guard !Set(asked.act.gives ?? []).isSubset(of: known) else { continue }
        known.formUnion(asked.act.gives ?? [])
        filling.append(asked)
      }
      for missing in fields where !known.contains(missing) && list.fields?[missing]?.required != false {
        mistakes.append(
          StageError(
            "structure: expected an act of a role that gives '\(missing)' of '\(name)', found none",
            at: ["structure"]))
      }
      parts.append(Part(name: name, list: list, listing: listing, field: field, filling: filling))
    }
    guard mistakes.isEmpty else { throw StageErrors(mistakes) }
    self.parts = parts
    let used = Set(parts.flatMap { [$0.listing] + $0.filling }.map(\.role))
    roles = (structure.roles?.names ?? []).filter(used.contains)
  }

  /// The acts that some role performs, in the structure's order.
  private static func asked(_ structure: Structure) -> [Asked] {
    (structure.acts?.values ?? [:]).compactMap { name, act in
      let places = (structure.roles?.values ?? [:]).compactMap { role, value in
        value.acts.firstIndex(of: name).map { (role: role, place: $0) }
      }
      return places.min { $0.place < $1.place }.map { Asked(act: act, role: $0.role) }
    }
  }

  /// The columns that are shown, in the structure's order.
  func reads(_ structure: Structure) -> [ColumnUse] {
    let shown = Set(parts.flatMap { [$0.listing] + $0.filling }.flatMap(\.act.shows))
    return structure.columns.names.filter(shown.contains).map {
      ColumnUse($0, required: structure.columns[$0]?.optional != true)
    }
  }
}
