internal import OrderedCollections

extension Structure {
  /// What does not hang together, each with its path in the file.
  package var mistakes: [StageError] {
    var check = StructureCheck(structure: self)
    check.all()
    return check.mistakes
  }
}

/// Looks at a structure as a whole.
private struct StructureCheck {
  let structure: Structure
  var mistakes: [StageError] = []

  /// Most lists, fields of a list, acts and roles: each role is several open files while sets are written.
  static let most = 64
  /// Columns that stages keep for themselves.
  static let kept = ["demonstrations", "final_answer", "structure_repairs"]
  /// What else a prompt may name.
  static let prompt = ["demonstrations", "request", "task"]

  mutating func all() {
    names(structure.columns, "columns", "column")
    names(structure.lists, "lists", "list")
    for (name, list) in structure.lists.values { check(list, name) }
    if let answer = structure.answer {
      for (key, column) in [
        ("column", answer.column), ("stated_in", answer.statedIn), ("options_in", answer.optionsIn),
      ] { known(column, structure.columns.names, "column", at: ["answer", key]) }
    }
    if let acts = structure.acts {
      names(acts, "acts", "act")
      for (name, act) in acts.values { check(act, at: ["acts", name]) }
    }
    if let roles = structure.roles {
      names(roles, "roles", "role")
      for (name, role) in roles.values { check(role, name) }
    }
  }

  private mutating func report(_ path: [String], _ message: String, isAboutKey: Bool = false) {
    mistakes.append(StageError(message, at: path, isAboutKey: isAboutKey))
  }

  private mutating func names<Value>(_ named: Named<Value>, _ section: String, _ word: String) {
    names(named.names, at: [section], word)
    for name in named.names {
      let path = [section, name]
      if section == "lists", name.contains(".") {
        report(path, "expected a list's name without '.', found '\(name)'", isAboutKey: true)
      }
      if section == "lists", structure.columns[name] != nil || Self.kept.contains(name) {
        report(
          path, "expected a list of another name, found '\(name)', which is a column already",
          isAboutKey: true)
      }
      if section == "columns", Self.prompt.contains(name) {
        report(
          path, "expected a column of another name, found '\(name)', which prompts have of their own",
          isAboutKey: true)
      }
      if section == "roles", !name.utf8.allSatisfy({ 97...122 ~= $0 || 48...57 ~= $0 || $0 == 95 }) {
        report(
          path, "expected a role's name of lower-case letters, digits and '_', found '\(name)'",
          isAboutKey: true)
      }
    }
  }

  private mutating func names(_ names: [String], at path: [String], _ word: String) {
    if names.isEmpty { report(path, "expected at least one \(word), found none", isAboutKey: true) }
    if names.count > Self.most {
      report(path, "expected at most \(Self.most), found \(names.count)", isAboutKey: true)
    }
    var seen: [String: String] = [:]
    for name in names {
      let isPlain = !name.isEmpty && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
      if !isPlain || name.count > 64 {
        report(
          path + [name], "expected a name of 1 to 64 characters, none of them a control character",
          isAboutKey: true)
      }
      // Where names are columns of SQL, case does not tell them apart.
      if let other = seen.updateValue(name, forKey: name.lowercased()) {
        report(
          path + [name], "expected another name than '\(other)' but for case, found '\(name)'",
          isAboutKey: true)
      }
    }
  }

  private mutating func known(_ name: String, _ names: [String], _ word: String, at path: [String]) {
    guard !names.contains(name) else { return }
    report(
      path,
      "expected \(word == "act" ? "an" : "a") \(word) of this structure (\(names.joined(separator: ", "))), found '\(name)'"
        + NearestWord.hint(name, in: names))
  }

  /// Names in a list: at least one, each known and there once.
  private mutating func known(_ list: [String], _ names: [String], _ word: String, at path: [String]) {
    if list.isEmpty { report(path, "expected at least one \(word), found none") }
    for (index, name) in list.enumerated() {
      let place = path + ["\(index)"]
      if list[..<index].contains(name) {
        report(place, "expected each \(word) once, found '\(name)' again")
      } else {
        known(name, names, word, at: place)
      }
    }
  }

  // MARK: - Lists

  private mutating func check(_ list: Structure.List, _ name: String) {
    let path = ["lists", name]
    if let from = list.from { known(from, structure.columns.names, "column", at: path + ["from"]) }
    let (least, most) = (list.least ?? 0, list.most ?? Int.max)
    if least < 0 { report(path + ["least"], "expected 0 or more, found \(least)") }
    if most < max(1, least) { report(path + ["most"], "expected at least \(max(1, least)), found \(most)") }
    grounding(list.groundedIn, list.share, of: list, at: path)
    guard let fields = list.fields else { return }
    if list.groundedIn != nil {
      report(
        path + ["grounded_in"], "expected grounded_in at the fields of a list that has fields",
        isAboutKey: true)
    }
    names(fields.names, at: path + ["fields"], "field")
    for (field, value) in fields.values { check(value, of: list, at: path + ["fields", field]) }
  }

  private mutating func check(_ field: Structure.Field, of list: Structure.List, at path: [String]) {
    grounding(field.groundedIn, field.share, of: list, at: path)
    if field.groundedIn != nil, field.values != nil {
      report(
        path + ["grounded_in"], "expected grounded_in at texts and numbers alone", isAboutKey: true)
    }
    guard let values = field.values?.map(\.text) else {
      if field.synonyms != nil {
        report(path + ["synonyms"], "expected the key 'values' beside it", isAboutKey: true)
      }
      return
    }
    if field.type == .number { report(path + ["values"], "expected values at texts alone", isAboutKey: true) }
    if values.count < 2 || values.count > Self.most {
      report(path + ["values"], "expected 2 to \(Self.most) values, found \(values.count)")
    }
    var meaning: [String: String] = [:]
    func note(_ word: String, _ value: String) -> String? {
      let plain = word.lowercased().filter { !$0.isWhitespace }
      if plain.isEmpty { return "expected a word, found '\(word)'" }
      return meaning.updateValue(value, forKey: plain).map {
        "expected each word once, found '\(word)', which stands for '\($0)' already"
      }
    }
    for (index, value) in values.enumerated() {
      if let fault = note(value, value) { report(path + ["values", "\(index)"], fault) }
    }
    for (value, words) in field.synonyms?.values ?? [:] {
      guard values.contains(value) else {
        report(
          path + ["synonyms", value],
          "expected one of the values \(values.joined(separator: ", ")), found '\(value)'"
            + NearestWord.hint(value, in: values), isAboutKey: true)
        continue
      }
      for (index, word) in words.enumerated() {
        if let fault = note(word, value) { report(path + ["synonyms", value, "\(index)"], fault) }
      }
    }
  }

  private mutating func grounding(
    _ columns: [String]?, _ share: Double?, of list: Structure.List, at path: [String]
  ) {
    if let share, !(0...1).contains(share) {
      report(path + ["share"], "expected a share from 0 to 1, found \(share)")
    }
    guard let columns else {
      if share != nil {
        report(path + ["share"], "expected the key 'grounded_in' beside it", isAboutKey: true)
      }
      return
    }
    known(columns, structure.columns.names, "column", at: path + ["grounded_in"])
    let shown = structure.shown(for: list)
    for (index, column) in columns.enumerated()
    where structure.columns[column] != nil && !shown.contains(column) {
      report(
        path + ["grounded_in", "\(index)"],
        "expected a column that is shown when the list is asked for (\(shown.joined(separator: ", "))), "
          + "found '\(column)'; add it to the list's 'from'")
    }
  }

  // MARK: - Acts and roles

  private mutating func check(_ act: Structure.Act, at path: [String]) {
    known(act.shows, structure.columns.names, "column", at: path + ["shows"])
    switch (act.list, act.each) {
    case (nil, nil): report(path, "expected the key 'list' or 'each', found neither", isAboutKey: true)
    case (_?, _?): report(path + ["each"], "expected either 'list' or 'each', found both", isAboutKey: true)
    case (let target?, nil):
      let (list, field) = Structure.target(of: target)
      known(list, structure.lists.names, "list", at: path + ["list"])
      if let field, let fields = structure.lists[list].map({ $0.fields?.names ?? [] }) {
        known(field, fields, "field", at: path + ["list"])
      }
      for (key, value) in [("given", act.given), ("gives", act.gives)] where value != nil {
        report(path + [key], "expected \(key) beside 'each' alone", isAboutKey: true)
      }
    case (nil, let name?):
      known(name, structure.lists.names, "list", at: path + ["each"])
      guard let list = structure.lists[name] else { return }
      guard let fields = list.fields?.names else {
        report(path + ["each"], "expected a list with fields, found '\(name)', whose items are texts")
        return
      }
      if let given = act.given { known(given, fields, "field", at: path + ["given"]) }
      guard let gives = act.gives else {
        report(path, "expected the key 'gives', the fields that are answered, found none", isAboutKey: true)
        return
      }
      known(gives, fields, "field", at: path + ["gives"])
      for (index, field) in gives.enumerated() where act.given?.contains(field) == true {
        report(path + ["gives", "\(index)"], "expected a field that is not given, found '\(field)'")
      }
    }
  }

  private mutating func check(_ role: Structure.Role, _ name: String) {
    if role.system.allSatisfy(\.isWhitespace) {
      report(["roles", name, "system"], "expected a sentence, found none")
    }
    known(role.acts, structure.acts?.names ?? [], "act", at: ["roles", name, "acts"])
  }
}
