/// The names that a model's server lists: what one looks at when a model is not found, or its address is wrong.
package struct ServedModels: Sendable {
  private let transport: any Transport
  private let environment: [String: String]
  private let redaction: Redaction
  /// Seconds that a list may take.
  private static let patience = 15.0

  /// - Parameter environment: where keys are read.
  package init(_ transport: any Transport, environment: [String: String], redaction: Redaction) {
    self.transport = transport
    self.environment = environment
    self.redaction = redaction
  }

  /// The names listed under `/models` after an address; nil where there is no such list.
  package func names(for model: ModelSpec, at base: String) async -> [String]? {
    var headers = ["accept": "application/json"]
    headers.merge(WireFormats.headers(of: model)) { $1 }
    let secrets = try? model.secretHeaders(environment, keyHeader: WireFormats.keyHeader(of: model))
    headers.merge(secrets ?? [:]) { $1 }
    for (name, value) in model.headers { headers[name.lowercased()] = value }
    let request = HTTPRequest(
      method: "GET", url: HTTPCaller.url(base: base, path: "models"), headers: headers,
      timeout: min(model.timeout, Self.patience), maxBody: 16 << 20)
    guard let response = try? await transport.send(request), response.status == 200,
      let text = String(validating: response.body, as: UTF8.self),
      let json = (try? JSON(parsing: text)) ?? (try? JSON(tolerating: text)),
      let list = json["data"]?.array ?? json["models"]?.array ?? json.array
    else { return nil }
    return list.compactMap { $0["id"]?.string ?? $0["name"]?.string ?? $0.string }
      .map { $0.hasPrefix("models/") ? String($0.dropFirst(7)) : $0 }.map(redaction.words)
  }
}
