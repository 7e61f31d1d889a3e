internal import Foundation
internal import RetortCore
internal import RetortStore

/// What of a model's address and headers can be told to be wrong before anything is sent.
enum EndpointCheck {
  /// Why an address under `endpoint:` cannot be called as it is written; nil when it can. What may be secret in it is
  /// not repeated.
  static func mistake(in endpoint: String, of kind: ModelSpec.Kind, api: ModelSpec.API = .openai) -> String? {
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
    var model = ModelSpec(alias: "", name: "", kind: kind)
    model.api = api
    for act in WireFormats.addedPaths(for: model) where String(path).hasSuffix(act) {
      let base = String(path).dropLast(act.count)
      return "expected the address before '\(act)', which is added to it; write '\(base)'"
    }
    return nil
  }

  /// Why a header of that name cannot be sent; nil when it can.
  static func mistake(inHeader name: String) -> String? {
    let isToken = name.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || "!#$%&'*+-.^_`|~".utf8.contains($0)
    }
    guard isToken, !name.isEmpty else {
      return "expected a header's name of letters, digits and '-', found '\(name)'"
    }
    guard !["host", "content-type", "content-length", "transfer-encoding"].contains(name.lowercased()) else {
      return "expected a header of your own, found '\(name)', which each request has already"
    }
    return nil
  }

  /// Why a text cannot be the name of an environment variable; nil when it can. It may be the key itself, pasted in the
  /// wrong place, and is not repeated.
  static func mistake(inVariable name: String, set variables: [String: String]) -> String? {
    guard EnvironmentReader.isName(name) else {
      return "expected the name of an environment variable, found something else"
    }
    guard variables[name] == nil, looksLikeKey(name) else { return nil }
    return
      "expected the name of an environment variable, found what looks like a key; put it into a variable and name "
      + "that"
  }

  /// A long run of letters and digits without the `_` and the capitals that names of variables have.
  private static func looksLikeKey(_ name: String) -> Bool {
    if !KeyShape.keys(in: name).isEmpty { return true }
    let hasDigits = name.contains(where: \.isNumber)
    return name.utf8.count >= 20 && hasDigits && !name.contains("_") && name.contains(where: \.isLowercase)
  }
}
