internal import OrderedCollections
internal import RetortCore

/// What of a pipeline file is, or looks like, a key that belongs into an environment variable.
struct FileSecrets {
  private let environment: EnvironmentReader
  /// Whole texts and parts of texts.
  private(set) var texts: [String] = []
  private(set) var warnings: [Diagnostic] = []

  init(_ root: PlacedNode, environment: EnvironmentReader) {
    self.environment = environment
    for (alias, entry) in root["models"]?.entries ?? [:] {
      for (key, field) in entry.node.entries ?? [:] {
        look(at: field.node, "models.\(alias).\(key)", isBody: key == "extra_body")
        if key == "launch" { lookAtOptions(field.node.list ?? [], "models.\(alias).launch") }
      }
    }
    for section in ["stages", "rounds"] {
      for (name, entry) in root[section]?.entries ?? [:] { look(at: entry.node, "\(section).\(name)") }
    }
  }

  /// - Parameter isBody: whether names such as `api_key` say what a value is.
  private mutating func look(at node: PlacedNode, _ path: String, isBody: Bool = false, name: String = "") {
    switch node.value {
    case .scalar(.string(let text)):
      let variable = node.variables.first(where: isSecret)
      let values = node.variables.filter(isSecret).compactMap { environment.variables[$0] }
      let isNamed = isBody && SecretName.says(name) && KeyShape.isWord(text)
      note(
        values + KeyShape.keys(in: text).map(String.init) + (isNamed ? [text] : []), node.place, path,
        found: variable.map { "the variable \($0)" } ?? "what looks like one")
    case .scalar: break
    case .list(let list):
      for (index, element) in list.enumerated() {
        look(at: element, "\(path)[\(index)]", isBody: isBody, name: name)
      }
    case .mapping(let entries):
      for (key, entry) in entries { look(at: entry.node, "\(path).\(key)", isBody: isBody, name: key) }
    }
  }

  /// `--api-key KEY` and `--api-key=KEY`.
  private mutating func lookAtOptions(_ words: [PlacedNode], _ path: String) {
    var option = ""
    for (index, node) in words.enumerated() {
      guard let text = node.string else { continue }
      let parts = text.split(separator: "=", maxSplits: 1)
      let (name, value) = parts.count == 2 ? (String(parts[0]), String(parts[1])) : (option, text)
      if SecretName.says(name), KeyShape.isWord(value), !value.hasPrefix("-") {
        note([value], node.place, "\(path)[\(index)]", found: "what looks like one")
      }
      option = text.hasPrefix("-") && parts.count == 1 ? text : ""
    }
  }

  private func isSecret(_ variable: String) -> Bool {
    SecretName.says(variable) && environment.variables[variable]?.utf8.count ?? 0 >= Redaction.least
  }

  private mutating func note(_ found: [String], _ place: FilePosition, _ path: String, found what: String) {
    guard !found.isEmpty else { return }
    let isNew = !warnings.contains {
      $0.file == place.file && $0.line == place.line && $0.column == place.column
    }
    texts += found
    guard isNew else { return }
    warnings.append(
      Diagnostic(
        place,
        "expected no key at \(path), found \(what); it is used as it is, and kept out of store, log and report: "
          + "name its variable under api_key_env or headers_env instead"))
  }
}
