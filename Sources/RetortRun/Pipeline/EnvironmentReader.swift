internal import RetortCore

/// Puts environment variables into scalars: `${NAME}`, `${NAME:-default}`; `$${` is a literal `${`.
struct EnvironmentReader: Sendable {
  let variables: [String: String]

  /// As in a shell, the default also stands in for a variable that is set but empty.
  func substitute(_ text: String, report: (String) -> Void) -> String {
    var result = ""
    var rest = text[...]
    while let dollar = rest.firstRange(of: "${") {
      result += rest[..<dollar.lowerBound]
      if result.hasSuffix("$") {
        result += "{"
        rest = rest[dollar.upperBound...]
        continue
      }
      guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else {
        report("expected '}' after '${', found '\(rest[dollar.lowerBound...])'")
        return result
      }
      let inner = rest[dollar.upperBound..<end]
      rest = rest[rest.index(after: end)...]
      let split = inner.firstRange(of: ":-")
      let name = String(split.map { inner[..<$0.lowerBound] } ?? inner)
      let fallback = split.map { String(inner[$0.upperBound...]) }
      guard Self.isName(name) else {
        report("expected '${NAME}' or '${NAME:-default}', found '${\(inner)}'")
        continue
      }
      if let value = variables[name], !(value.isEmpty && fallback != nil) {
        result += value
      } else if let fallback {
        result += fallback
      } else {
        report(
          "expected the environment variable \(name) to be set, found it absent; "
            + "set it or write '${\(name):-default}'")
      }
    }
    return result + rest
  }

  /// The variables that a text names, whether they are set or not.
  static func names(in text: String) -> [String] {
    guard text.contains("${") else { return [] }
    return text.matches(of: /\$\{([A-Za-z_][A-Za-z0-9_]*)/).map { String($0.output.1) }
  }

  static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte) || byte == 95
    }
  }
}
