internal import OrderedCollections
internal import RetortCore

/// An environment variable that a pipeline file names, with what it stood for when the file was read.
package struct FileVariable: Codable, Hashable, Sendable {
  package let name: String
  /// Its default where it was not set; nil for what is, or looks like, a key.
  package let value: String?
  /// Whether the environment had it, so that making the run again needs it.
  package let set: Bool
}

extension EnvironmentReader {
  /// The variables of a file's nodes, in their order.
  ///
  /// - Parameters:
  ///   - text: the file, for the defaults that it writes.
  ///   - keys: cuts out what of the file is a key.
  func variables(of root: PlacedNode, text: String, keys: Redaction) -> [FileVariable] {
    OrderedSet(root.allVariables).map { name in
      let given = variables[name].flatMap { $0.isEmpty ? nil : $0 }
      let value = given ?? Self.fallback(of: name, in: text) ?? ""
      let isKey = SecretName.says(name) || !KeyShape.keys(in: value).isEmpty || keys.words(value) != value
      return FileVariable(name: name, value: isKey ? nil : value, set: given != nil)
    }
  }

  private static func fallback(of name: String, in text: String) -> String? {
    guard let start = text.firstRange(of: "${\(name):-"),
      let end = text[start.upperBound...].firstIndex(of: "}")
    else { return nil }
    return String(text[start.upperBound..<end])
  }
}

extension PlacedNode {
  fileprivate var allVariables: [String] {
    switch value {
    case .scalar: variables
    case .list(let nodes): nodes.flatMap(\.allVariables)
    case .mapping(let entries): entries.values.flatMap(\.node.allVariables)
    }
  }
}
