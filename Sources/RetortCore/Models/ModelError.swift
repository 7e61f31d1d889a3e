/// Why a model gave no answer. What stops a run is none: ``Halt``.
package struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Kind: String, Hashable, Sendable, Codable {
    /// No connection came about: nothing was sent.
    case unreachable
    /// The connection broke off.
    case connection
    /// No answer in time.
    case timeout
    /// 429, or 503 with `Retry-After`.
    case rateLimited
    /// 5xx, 408, 409: may pass.
    case server
    /// 401, 402, or a used-up quota in whichever status: the key is wrong or the account has nothing left, whatever is
    /// asked.
    case denied
    /// 403, 404: the key may not use the model, or address or name are wrong; once the model has answered, it is the
    /// request.
    case forbidden
    /// The endpoint's content filter stopped the request.
    case filtered
    /// Other 4xx: the same request will be refused again.
    case refused
    /// A reply that is not what the protocol promises (HTML, truncated JSON, no choices).
    case malformed
    /// The endpoint cannot do what was asked (no logprobs, no embeddings).
    case unsupported
  }
  package var kind: Kind
  /// The HTTP status, where there was one.
  package var status: Int?
  /// The server's own words, bounded, or what was expected and found.
  package var message: String
  /// Seconds the server asked to wait.
  package var retryAfter: Double?
  /// Tokens that the failed call was charged for, where the endpoint reported them.
  package var usage: Usage?
  /// False for what an earlier run was refused and this one did not ask again.
  package var wasSent = true

  package init(
    _ kind: Kind, status: Int? = nil, _ message: String, retryAfter: Double? = nil, usage: Usage? = nil
  ) {
    self.kind = kind
    self.status = status
    self.message = message
    self.retryAfter = retryAfter
    self.usage = usage
  }

  /// Whether the same request would be refused again, whenever it is sent: what was asked is wrong, and neither key,
  /// account, address nor load.
  package var isForGood: Bool {
    switch kind {
    case .filtered: true
    case .refused: status.map { [400, 406, 411, 413, 414, 415, 416, 422, 431, 451].contains($0) } ?? false
    default: false
    }
  }

  package var description: String {
    "\(kind.rawValue)\(status.map { " (HTTP \($0))" } ?? ""): \(message)"
  }
}
