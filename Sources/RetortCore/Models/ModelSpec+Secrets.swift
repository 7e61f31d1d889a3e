extension ModelSpec {
  /// The environment variables that hold its key and its secret headers.
  package var secretVariables: Set<String> { Set(headersEnv.values).union(apiKeyEnv.map { [$0] } ?? []) }

  /// What those variables hold, as far as they are set.
  package func secrets(_ environment: [String: String]) -> [String] {
    secretVariables.sorted().compactMap { environment[$0] }
  }

  /// The headers that carry its secrets, names in lower case.
  /// - Parameter keyHeader: the one that carries the key where the file names none.
  /// Errors: ``Halt`` for `parked` when a variable is unset or empty.
  func secretHeaders(
    _ environment: [String: String],
    keyHeader ofFormat: (String) -> (name: String, value: String) = Self.bearer
  ) throws -> [String: String] {
    func value(_ name: String, _ what: String) throws -> String {
      guard let value = environment[name], !value.isEmpty else {
        let found = environment[name] == nil ? "unset" : "empty"
        throw Halt.unready(
          "expected \(what) of model '\(alias)' in the environment variable \(name), found it \(found); set it, "
            + "then resume")
      }
      return value
    }
    var headers: [String: String] = [:]
    if let apiKeyEnv {
      let key = try value(apiKeyEnv, "the key")
      let (header, text) = keyHeader.map { Self.header($0, carrying: key) } ?? ofFormat(key)
      headers[header.lowercased()] = text
    }
    for (header, name) in headersEnv.sorted(by: { $0.key < $1.key }) {
      headers[header.lowercased()] = try value(name, "the header \(header)")
    }
    return headers
  }

  /// The header whose key follows the word `Bearer`.
  package static func bearer(_ key: String) -> (name: String, value: String) {
    ("authorization", "Bearer \(key)")
  }

  private static func header(_ name: String, carrying key: String) -> (name: String, value: String) {
    name.lowercased() == bearer(key).name ? bearer(key) : (name, key)
  }
}
