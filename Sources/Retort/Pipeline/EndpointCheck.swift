internal import Foundation

/// What of a model's address and headers can be told to be wrong before anything is sent.
enum EndpointCheck {
  /// Why an address under `endpoint:` cannot be called as it is written; nil when it can. What may be secret in it is
  /// not repeated.
  static func mistake(in endpoint: String, of kind: ModelSpec.Kind) -> String? {
    let start = endpoint.prefix { $0 != "?" && $0 != "#" }
    let parts = start.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count > 2, ["http:", "https:"].contains(parts[0].lowercased()), parts[1].isEmpty,
      !parts[2].isEmpty
    else {
      let found = start.contains("@") ? "another" : "'\(start)'"
      return "expected an address that starts with http:// or https://, found \(found)"
    }
    let host = parts[2]
    if host.contains("@") {
      return
        "expected an address without user and password, found some; name the variable that holds the key "
        + "under api_key_env"
    }
    if start.count < endpoint.count {
      return "expected an address that ends with its path, found '?' or '#' and more; write '\(start)'"
    }
    if endpoint.contains(where: { $0.isWhitespace }) {
      let without = endpoint.filter { !$0.isWhitespace }
      return "expected an address without spaces, found '\(endpoint)'; write '\(without)'"
    }
    // The colons of an IPv6 address stand in brackets.
    let afterAddress = host.lastIndex(of: "]").map { host[$0...] } ?? host
    if let colon = afterAddress.lastIndex(of: ":") {
      let port = afterAddress[afterAddress.index(after: colon)...]
      guard port.allSatisfy({ $0.isASCII && $0.isNumber }), (1...65535).contains(Int(port) ?? 0) else {
        return "expected a port from 1 to 65535, found '\(port)'"
      }
    }
    guard URL(string: endpoint)?.host()?.isEmpty == false else {
      return "expected an address such as http://127.0.0.1:8080/v1, found '\(endpoint)'"
    }
    let path = endpoint.reversed().drop { $0 == "/" }.reversed()
    for act in acts(of: kind) where String(path).hasSuffix(act) {
      let base = String(path).dropLast(act.count)
      return "expected the address before '\(act)', which is added to it; write '\(base)'"
    }
    return nil
  }

  /// What is added to an address that ends in `/v1`; other kinds take an address that names its act already.
  private static func acts(of kind: ModelSpec.Kind) -> [String] {
    switch kind {
    case .chat, .judge: ["/chat/completions", "/completions"]
    case .embedding: ["/embeddings"]
    default: []
    }
  }

  static func holdsKey(header name: String) -> Bool {
    ["authorization", "api-key", "x-api-key"].contains(name.lowercased())
  }
}
