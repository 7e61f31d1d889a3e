internal import Foundation

/// Which proxy the environment names for an address. libcurl reads the environment itself; this says what it finds there.
struct Proxy {
  /// The variable that names it.
  let variable: String
  /// Its address without user and password.
  let address: String

  var words: String { "\(address) of \(variable)" }

  /// Nil where the environment names none for the address.
  init?(for url: String, _ environment: [String: String]) {
    guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
      let host = Self.host(of: parts), !Self.isLocal(host), !Self.isExempt(host, environment)
    else { return nil }
    // `HTTP_PROXY` is not read: to a CGI program it is a header of whoever calls.
    let variables = scheme == "http" ? ["http_proxy"] : ["https_proxy", "HTTPS_PROXY"]
    let named = (variables + ["all_proxy", "ALL_PROXY"]).first { environment[$0]?.isEmpty == false }
    guard let named, let value = environment[named] else { return nil }
    variable = named
    address = Self.withoutUser(value)
  }

  /// Whether an address is on this machine, which no proxy can reach.
  static func isLoopback(url: String) -> Bool {
    URLComponents(string: url).flatMap(host).map(isLocal) ?? false
  }

  /// In lower case, without the brackets of an IPv6 address and a final dot.
  private static func host(of parts: URLComponents) -> String? {
    guard var host = parts.host?.lowercased() else { return nil }
    host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    if host.hasSuffix(".") { host.removeLast() }
    return host
  }

  private static func isLocal(_ host: String) -> Bool {
    if host == "localhost" || host.hasSuffix(".localhost") { return true }
    var six = in6_addr()
    if inet_pton(AF_INET6, host, &six) == 1 {
      let bytes = withUnsafeBytes(of: six) { Array($0) }
      let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 127]
      return bytes == [UInt8](repeating: 0, count: 15) + [1] || bytes.starts(with: mapped)
    }
    var four = in_addr()
    return inet_pton(AF_INET, host, &four) == 1 && withUnsafeBytes(of: four) { $0.first == 127 }
  }

  /// As `no_proxy` has it: names with all that ends in them, `*`. Where it holds ranges of addresses, an address may be
  /// in one of them.
  private static func isExempt(_ host: String, _ environment: [String: String]) -> Bool {
    let list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
    return list.lowercased().split { ", \t".contains($0) }.contains { entry in
      let name = String(entry.drop { $0 == "." })
      return name == "*" || host == name || host.hasSuffix(".\(name)")
        || name.contains("/") && host.allSatisfy { $0.isHexDigit || ".:".contains($0) }
    }
  }

  private static func withoutUser(_ value: String) -> String {
    guard let at = value.lastIndex(of: "@") else { return value }
    let scheme = value.range(of: "://").map { String(value[..<$0.upperBound]) } ?? ""
    return scheme + value[value.index(after: at)...]
  }
}
