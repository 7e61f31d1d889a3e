/// Sends one HTTP request and answers whatever the server said; it neither retries nor follows redirects.
/// Errors: ``ModelError`` of kind `connection`, `timeout` or `malformed` (a body over the bound).
package protocol Transport: Sendable {
  func send(_ request: HTTPRequest) async throws -> HTTPResponse
}

package struct HTTPRequest: Hashable, Sendable {
  package var method: String
  package var url: String
  package var headers: [String: String]
  package var body: [UInt8]?
  /// Seconds until the answer must be complete.
  package var timeout: Double
  /// Most bytes of the answer's body.
  package var maxBody: Int

  package init(
    method: String = "POST", url: String, headers: [String: String] = [:], body: [UInt8]? = nil,
    timeout: Double = 300, maxBody: Int = 64 << 20
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.maxBody = maxBody
  }
}

package struct HTTPResponse: Hashable, Sendable {
  package var status: Int
  /// Names in lower case.
  package var headers: [String: String]
  package var body: [UInt8]
  /// The proxy that the environment names for the address, `HOST:PORT of VARIABLE`; nil for none.
  package var proxy: String?

  package init(status: Int, headers: [String: String] = [:], body: [UInt8] = [], proxy: String? = nil) {
    self.status = status
    self.headers = headers
    self.body = body
    self.proxy = proxy
  }
}
