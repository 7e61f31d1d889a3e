internal import CCurl
internal import Foundation
internal import RetortCore

/// One exchange in libcurl's hands: its handle, what is left to send, and what has come.
///
/// The body is read by libcurl through a callback and cannot be rewound. When a kept connection turns out to be dead,
/// libcurl would otherwise send a POST again by itself, and a call that is sent twice is paid twice; here it fails with
/// `CURLE_SEND_FAIL_REWIND` and whoever counts attempts decides.
final class Transfer {
  let handle: UnsafeMutableRawPointer
  let continuation: PendingRequest.Continuation
  /// Kept alive so that its identity is not given to another call while this one runs.
  var call: PendingRequest?

  private let request: HTTPRequest
  private var sent = 0
  private var headers: [String: String] = [:]
  private var headerBytes = 0
  private var body: [UInt8] = []
  private var overflow: String?
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
  /// The first option that libcurl did not take.
  private var failure = CURLE_OK

  /// Most bytes of an answer's status line and headers together.
  static let maxHeader = 256 << 10

  init(_ request: HTTPRequest, certificates: String?, continuation: PendingRequest.Continuation)
    throws(ModelError)
  {
    try request.check()
    guard let handle = curl_easy_init() else { throw ModelError(.connection, "libcurl has no memory") }
    self.handle = handle
    self.request = request
    self.continuation = continuation
    words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    configure(certificates: certificates)
    guard failure == CURLE_OK else {
      throw ModelError(.connection, "libcurl: \(String(cString: curl_easy_strerror(failure)))")
    }
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headerList)
    words.deallocate()
  }

  private func configure(certificates: String?) {
    set(CURLOPT_URL, request.url)
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    // Decodes what it can of what comes, asked for or not; the bound on the body is one on what was decoded.
    set(CURLOPT_ACCEPT_ENCODING, "")
    if Proxy.isLoopback(url: request.url) { set(CURLOPT_PROXY, "") }
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    if let certificates, !certificates.isEmpty { set(CURLOPT_CAINFO, certificates) }
    let milliseconds = request.timeout.isFinite ? min(max(request.timeout, 0.001), 86_400) * 1000 : 86_400_000
    set(CURLOPT_TIMEOUT_MS, Int(milliseconds.rounded(.up)))
    // A host that drops packets is told from a slow model well before the model's own time is up.
    set(CURLOPT_CONNECTTIMEOUT_MS, 30_000)

    let this = Unmanaged.passUnretained(self).toOpaque()
    configureBody(this)
    // `Expect:` off: servers that do not know it cost a second's wait.
    append("Expect:")
    append("User-Agent: retort")
    let hasType = request.headers.keys.contains { $0.lowercased() == "content-type" }
    if !hasType { append("Content-Type:") }
    for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) {
      append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    note(retort_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headerList))
    note(retort_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, words))

    note(retort_curl_set_pointer(handle, CURLOPT_HEADERDATA, this))
    note(
      retort_curl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, this in
        Transfer.at(this).receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
      })
    note(retort_curl_set_pointer(handle, CURLOPT_WRITEDATA, this))
    note(
      retort_curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, this in
        Transfer.at(this).receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
      })
  }

  private func configureBody(_ this: UnsafeMutableRawPointer) {
    if request.body != nil || request.method == "POST" {
      set(CURLOPT_POST, 1)
      note(
        retort_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body?.count ?? 0)))
      note(retort_curl_set_pointer(handle, CURLOPT_READDATA, this))
      note(
        retort_curl_set_callback(handle, CURLOPT_READFUNCTION) { buffer, size, count, this in
          Transfer.at(this).sendBody(UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        })
    }
    if request.method != "POST", request.body != nil || request.method != "GET" {
      set(CURLOPT_CUSTOMREQUEST, request.method)
      if request.method == "HEAD" { set(CURLOPT_NOBODY, 1) }
    }
  }

  private func set(_ option: CURLoption, _ value: Int) { note(retort_curl_set_long(handle, option, value)) }
  private func set(_ option: CURLoption, _ value: String) {
    note(retort_curl_set_string(handle, option, value))
  }
  private func note(_ code: CURLcode) { if failure == CURLE_OK { failure = code } }

  private func append(_ line: String) {
    guard let list = curl_slist_append(headerList, line) else { return note(CURLE_OUT_OF_MEMORY) }
    headerList = list
  }
}

extension Transfer {
  /// The transfer behind a callback's last argument; libcurl calls back only while the handle, which the transfer
  /// owns, is in use.
  private static func at(_ pointer: UnsafeMutableRawPointer?) -> Transfer {
    guard let pointer else { preconditionFailure("libcurl lost a callback's argument") }
    return Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
  }

  private func sendBody(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let body = request.body else { return 0 }
    let part = body[sent..<min(body.count, sent + buffer.count)]
    buffer.copyBytes(from: part)
    sent += part.count
    return part.count
  }

  /// Returns how many bytes were taken; fewer than came makes libcurl break off.
  private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= request.maxBody else {
      overflow = "expected an answer of at most \(request.maxBody) bytes, found more"
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    headerBytes += bytes.count
    guard headerBytes <= Self.maxHeader else {
      overflow = "expected at most \(Self.maxHeader) bytes of headers, found more"
      return 0
    }
    // A block of its own comes for each interim answer (100, 103) before the real one.
    if bytes.starts(with: "HTTP/".utf8) { headers = [:] }
    if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
      let name = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
      let value = trimmed(bytes[(colon + 1)...])
      headers[name] = headers[name].map { "\($0), \(value)" } ?? value
    }
    return bytes.count
  }

  private func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }),
      let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }

  /// What came of the transfer, given libcurl's verdict.
  func result(_ code: CURLcode) -> Result<HTTPResponse, ModelError> {
    if let overflow { return .failure(ModelError(.malformed, overflow)) }
    var status = 0
    _ = retort_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    let proxy = Proxy(for: request.url, ProcessInfo.processInfo.environment)
    guard code == CURLE_OK else {
      var answer = 0
      _ = retort_curl_get_long(handle, CURLINFO_HTTP_CONNECTCODE, &answer)
      if let proxy, answer >= 400 { return .failure(Self.refusal(of: proxy, answer)) }
      var message = String(cString: words)
      if message.isEmpty { message = String(cString: curl_easy_strerror(code)) }
      if code == CURLE_SEND_FAIL_REWIND {
        message = "the server closed the connection after the request was sent, before it answered"
      }
      if let proxy { message += ", through the proxy \(proxy.words)" }
      // Nothing of the request was taken: the server cannot have worked on it.
      let isUnsent = sent == 0 && request.body?.isEmpty == false && status == 0
      return .failure(
        ModelError(
          isUnsent ? .unreachable : Self.kind(code), status: status == 0 ? nil : status,
          request.redacting("\(message) (curl \(code.rawValue))")))
    }
    return .success(HTTPResponse(status: status, headers: headers, body: body, proxy: proxy?.words))
  }

  /// A proxy that was asked for a way to the endpoint and gave none: nothing of the request was sent.
  static func refusal(of proxy: Proxy, _ status: Int) -> ModelError {
    switch status {
    case 407:
      ModelError(.denied, status: status, "the proxy \(proxy.words) refused: it wants user and password")
    case 403: ModelError(.forbidden, status: status, "the proxy \(proxy.words) refused to connect")
    default: ModelError(.unreachable, "the proxy \(proxy.words) could not connect: it answered \(status)")
    }
  }

  static func kind(_ code: CURLcode) -> ModelError.Kind {
    switch code {
    case CURLE_OPERATION_TIMEDOUT: .timeout
    case CURLE_URL_MALFORMAT: .refused
    case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unreachable
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION: .unreachable
    // The scheme was checked before, so the first of these means that the answer is not HTTP/1.
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .malformed
    default: .connection
    }
  }
}

extension HTTPRequest {
  /// Refuses what could not be sent as written. No message repeats a header's value: it may be the key.
  func check() throws(ModelError) {
    let scheme = url.prefix { $0 != ":" }.lowercased()
    guard scheme == "http" || scheme == "https", !url.utf8.contains(where: { $0 <= 0x20 }) else {
      throw ModelError(.refused, "expected an address that begins with http:// or https://, without spaces")
    }
    guard !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw ModelError(.refused, "expected a method in capitals, found '\(method)'")
    }
    for (name, value) in headers {
      guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }) else {
        throw ModelError(.refused, "expected a header's name without spaces or colons, found '\(name)'")
      }
      guard !value.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) else {
        throw ModelError(.refused, "expected one line in the header \(name), found a line break or NUL in it")
      }
    }
  }

  /// The text with every header's value, and its last word (a key after `Bearer`), taken out.
  func redacting(_ text: String) -> String {
    var text = text
    for value in headers.values {
      for secret in [value, value.split(separator: " ").last.map(String.init) ?? ""] where secret.count >= 6 {
        text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "[hidden]")
      }
    }
    return text
  }
}
