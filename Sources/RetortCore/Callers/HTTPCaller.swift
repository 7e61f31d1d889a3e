internal import Foundation

/// The innermost caller: one HTTP request, one raw reply, every failure named.
struct HTTPCaller: Caller {
  private let transport: any Transport
  private let endpoint: @Sendable () async throws -> String
  private let secrets: @Sendable () throws -> [String: String]
  private let redaction: Redaction
  private let clock: any ModelClock
  private let spelling: LearnedSpelling
  private let images: any ImageShelf
  private let doubt: @Sendable (ModelRequest) -> Void

  /// Most characters of the server's own words that an error repeats.
  static let messageBound = 500

  /// - Parameters:
  ///   - secrets: headers, names in lower case, with their secret values; read when a call is sent.
  ///   - redaction: cuts keys out of all that the server says, since it may repeat what it was sent.
  ///   - spelling: of the model, which the calls share.
  ///   - images: where the bytes lie of images that are asked about.
  ///   - doubt: told of a call whose endpoint counted far too few tokens.
  init(
    _ transport: any Transport, secrets: @escaping @Sendable () throws -> [String: String] = { [:] },
    redaction: Redaction = Redaction(), clock: any ModelClock = SystemModelClock(),
    spelling: LearnedSpelling = LearnedSpelling(), images: any ImageShelf = NoImages(),
    doubt: @escaping @Sendable (ModelRequest) -> Void = { _ in },
    endpoint: @escaping @Sendable () async throws -> String
  ) {
    self.transport = transport
    self.endpoint = endpoint
    self.secrets = secrets
    self.redaction = redaction
    self.clock = clock
    self.spelling = spelling
    self.images = images
    self.doubt = doubt
  }

  func answer(_ request: ModelRequest) async throws -> RawReply {
    do { return try await exchange(request) } catch var error as ModelError
      where error.mayHaveCost && request.estimate != Usage()
    {
      error.usage = request.estimate
      throw error
    }
  }

  private func exchange(_ asked: ModelRequest) async throws -> RawReply {
    var headers = ["content-type": "application/json", "accept": "application/json"]
    headers.merge(WireFormats.headers(of: asked.model)) { $1 }
    headers.merge(try secrets()) { $1 }
    for (name, value) in asked.model.headers { headers[name.lowercased()] = value }
    let request = HTTPRequest(
      method: "POST", url: Self.url(base: try await endpoint(), path: asked.exchange.path), headers: headers,
      timeout: asked.model.timeout, maxBody: 64 << 20)
    let (response, seconds) = try await send(request, asking: asked)
    guard let text = String(validating: response.body, as: UTF8.self) else {
      let words = bounded(String(decoding: response.body, as: UTF8.self))
      throw ModelError(
        .malformed, status: response.status, "expected UTF-8, found other bytes in the reply: \(words)")
    }
    let said = try parsed(text, response.status)
    let usage = asked.exchange.usage(said.json)
    let textBytes: Int
    do { textBytes = try asked.exchange.read(said) } catch var error as ModelError {
      error.status = response.status
      error.usage = usage
      // Some servers report an error under status 200.
      let told = EndpointError(status: response.status, body: said.json)
      if let kind = told.kind { (error.kind, error.status) = (kind, told.status) }
      if let words = EndpointError.message(said.json), !error.message.contains(words) {
        error.message += "; the server says: \(words)"
      }
      error.message = bounded(error.message)
      throw error
    }
    var reply = RawReply(
      status: response.status, body: said.text, usage: usage ?? Usage(), seconds: seconds,
      attempts: asked.attempt, reading: .init(json: said.json))
    reply.reading.quota = RateQuota(response.headers, now: clock.unixTime)
    if let usage, let better = asked.doubted(usage, replyBytes: textBytes) {
      reply.booked = better
      doubt(asked)
    }
    return reply
  }

  /// Sends it as the server wants it; once more where it has just said how. Errors: ``ModelError``, for all but a
  /// response that says that it succeeded.
  private func send(_ request: HTTPRequest, asking asked: ModelRequest) async throws -> (HTTPResponse, Double)
  {
    let exchange = try await asked.exchange.showing(images)
    var request = request
    var text = spelling.text(of: exchange)
    while true {
      request.body = Array(text.utf8)
      let started = clock.seconds
      let response: HTTPResponse
      do { response = try await transport.send(request) } catch var error as ModelError {
        error.message = redaction.words(error.message)
        throw error
      }
      let seconds = clock.seconds - started
      if (200..<300).contains(response.status) { return (response, seconds) }
      let (told, words) = Self.error(response)
      guard let refusal = told.spelling else { throw failure(response, told, words, of: asked) }
      spelling.learn(refusal)
      let better = spelling.text(of: exchange)
      // What is learned stays, so that nothing is sent twice as it was.
      guard better != text else { throw failure(response, told, words, of: asked) }
      text = better
    }
  }

  /// The reply as it may be stored and read, without keys.
  private func parsed(_ text: String, _ status: Int) throws -> ReplyBody {
    do { return ReplyBody(redaction.reply(text, saying: try JSON(parsing: text))) } catch {
      guard let read = try? JSON(tolerating: text) else {
        let form = text.hasPrefix("data:") ? " a stream of events" : ""
        throw ModelError(
          .malformed, status: status,
          "expected a JSON reply (\(redaction.words(error.description))), found\(form): \(bounded(text))")
      }
      // Kept as it was read, since whoever looks at it later is strict.
      return ReplyBody(redaction.reply(read.text, saying: read))
    }
  }

  /// `path` after `base`; a path with a leading `/` counts from the root of the server, before `/v1`.
  static func url(base: String, path: String) -> String {
    var base = base[...]
    while base.last == "/" { base.removeLast() }
    guard path.first == "/" else { return "\(base)/\(path)" }
    if base.hasSuffix("/v1") { base.removeLast(3) }
    // An address may already name the act, as remote reward servers are given.
    return base.hasSuffix(path) ? String(base) : "\(base)\(path)"
  }

  private func failure(
    _ response: HTTPResponse, _ told: EndpointError, _ words: String, of asked: ModelRequest
  ) -> ModelError {
    var said = words
    if let proxy = response.proxy, let what = Self.deed(ofProxyWith: response) {
      said = "the proxy \(proxy) \(what): \(words)"
    }
    if (300..<400).contains(response.status), let place = response.headers["location"] {
      said = "expected an answer, found a redirect to '\(place)', which is not followed; give that address"
    }
    let wait = RetryAfter.seconds(response.headers, now: clock.unixTime) ?? told.retryAfter
    let kind = response.status == 503 && wait != nil ? .rateLimited : told.kind ?? .refused
    var error = ModelError(kind, status: response.status, bounded(said), retryAfter: wait)
    if let field = told.refusedField(among: asked.exchange.fields) {
      error.message +=
        "; say 'omit: [\(field.rawValue)]' under models.\(asked.model.alias), and it is asked without that"
    }
    return error
  }

  /// What a response says that came from a proxy, or from another one further on, in the endpoint's place; nil for an
  /// endpoint's own. Endpoints tell their errors in JSON.
  private static func deed(ofProxyWith response: HTTPResponse) -> String? {
    if response.status == 407 { return "refused to pass the request on" }
    guard (try? JSON(parsing: String(decoding: response.body.prefix(16 << 10), as: UTF8.self))) == nil else {
      return nil
    }
    return switch response.status {
    case 403: "refused, or a gateway beyond it"
    case 502, 503, 504: "got no answer from the endpoint, or a gateway beyond it got none"
    default: nil
    }
  }

  /// What the server says went wrong, and its words for it.
  private static func error(_ response: HTTPResponse) -> (told: EndpointError, words: String) {
    let text = String(decoding: response.body.prefix(16 << 10), as: UTF8.self)
    let json = (try? JSON(parsing: text)) ?? (try? JSON(tolerating: text))
    return (EndpointError(status: response.status, body: json), json.flatMap(EndpointError.message) ?? text)
  }

  private func bounded(_ text: String) -> String {
    // What is cut off may hold half of a key.
    String(redaction.words(text).prefix(Self.messageBound))
  }

}

extension ModelError {
  /// Whether the endpoint may have worked, and charge, for a try that it reported no tokens for: the request was sent,
  /// and no refusal came back.
  fileprivate var mayHaveCost: Bool {
    guard usage == nil, status.map({ $0 < 300 || $0 >= 500 }) ?? true else { return false }
    return switch kind {
    case .connection, .timeout, .server, .malformed, .unsupported: true
    case .rateLimited: status != 429
    case .unreachable, .refused, .denied, .forbidden, .filtered: false
    }
  }
}

extension ReplyBody {
  fileprivate init(_ redacted: (text: String, json: JSON)) {
    self.init(text: redacted.text, json: redacted.json)
  }
}
