internal import OrderedCollections
internal import RetortCore

/// Changes from the command line: `--set a.b=c` puts the YAML value `c` at the path `a.b` of the file. A path that
/// starts with a stage's name is short for `stages.NAME.with.…`, one with a model's alias for `models.ALIAS.…`.
struct PipelineSettings {
  let environment: EnvironmentReader

  func apply(_ setting: String, to root: PlacedNode, report: (Diagnostic) -> Void) -> PlacedNode {
    let place = FilePosition(file: "--set \(KeyShape.hidden(setting: setting))", line: 1, column: 1)
    guard let equals = setting.firstIndex(of: "=") else {
      report(Diagnostic(place, "expected PATH=VALUE, found no '='"))
      return root
    }
    var path = setting[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let models = root["models"]?.entries?.keys.elements ?? []
    let stages = root["stages"]?.entries?.keys.elements ?? []
    let tools = root["tools"]?.entries?.keys.elements ?? []
    let rounds = root["rounds"]?.entries ?? [:]
    let block = { (stage: String) in rounds.first { $0.value.node["stages"]?[stage] != nil }?.key }
    let inner = rounds.values.flatMap { $0.node["stages"]?.entries?.keys.elements ?? [] }
    if let first = path.first, path.count > 1 {
      if stages.contains(first) {
        path = ["stages", first, "with"] + path.dropFirst()
      } else if let block = block(first) {
        path = ["rounds", block, "stages", first, "with"] + path.dropFirst()
      } else if rounds[first] != nil {
        let inner = rounds[first]?.node["stages"]?[path[1]] != nil && path.count > 2
        path =
          ["rounds", first]
          + (inner ? ["stages", path[1], "with"] + path.dropFirst(2) : Array(path.dropFirst()))
      } else if models.contains(first) {
        path = ["models", first] + path.dropFirst()
      }
    }
    let sections = ["models": models, "stages": stages, "tools": tools, "rounds": rounds.keys.elements]
    let names = sections[path.first ?? ""] ?? []
    guard path.count > 2, sections[path[0]] != nil, names.contains(path[1]), !path.contains("")
    else {
      let word = path.count > 2 && sections[path[0]] != nil ? path[1] : path.first ?? ""
      report(
        Diagnostic(
          place,
          "expected a path such as STAGE.KEY or MODEL.KEY, found '\(setting[..<equals])'"
            + NearestWord.hint(word, in: stages + inner + models)))
      return root
    }
    let text = String(setting[setting.index(after: equals)...])
    guard
      let value = PlacedNode(yaml: text, file: place.file, environment: environment, report: report)
    else { return root }
    return put(value, at: path[...], in: root, place: place, report: report)
  }

  private func put(
    _ value: PlacedNode, at path: ArraySlice<String>, in node: PlacedNode, place: FilePosition,
    report: (Diagnostic) -> Void
  ) -> PlacedNode {
    guard let key = path.first else {
      return PlacedNode(place: place, value: value.value, variables: value.variables)
    }
    guard var entries = node.entries else {
      report(Diagnostic(place, "expected a mapping that has '\(key)', found \(node.found)"))
      return node
    }
    let empty = PlacedNode(place: place, value: .mapping([:]))
    let inner = put(
      value, at: path.dropFirst(), in: entries[key]?.node ?? empty, place: place, report: report)
    entries[key] = PlacedNode.Entry(keyPlace: entries[key]?.keyPlace ?? place, node: inner)
    return PlacedNode(place: node.place, value: .mapping(entries))
  }
}
