import RetortTestSupport
import Testing

@testable import RetortCore

struct HTTPCallerTests {
  private static let model: ModelSpec = {
    var model = ModelSpec(alias: "teacher", name: "m")
    model.endpoint = "http://host/v1/"
    model.headers = ["X-Org": "o"]
    model.timeout = 7
    return model
  }()

  private func call(_ path: String = "chat/completions") -> ModelRequest {
    ModelRequest(model: Self.model, origin: CallOrigin(), path: path, body: ["a": 1], identity: ["a": 1]) {
      json in
      if json["choices"] == nil { throw ModelError(.malformed, "expected 'choices'") }
    }
  }

  private func answer(
    _ status: Int, _ body: String, headers: [String: String] = [:], key: String? = nil, path: String = "x"
  ) async -> Result<RawReply, ModelError> {
    let transport = ScriptedTransport { _, _ in
      HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
    }
    let caller = HTTPCaller(
      transport, redaction: Redaction(key.map { [$0] } ?? []), clock: JumpingClock(epoch: 784_111_777),
      endpoint: { "http://host/v1/" })
    do { return .success(try await caller.answer(call(path))) } catch let error as ModelError {
      return .failure(error)
    } catch { return .failure(ModelError(.unsupported, "\(error)")) }
  }

  /// What a proxy says in the endpoint's place is told as the proxy's.
  @Test(arguments: [
    (407, "<html>", "denied (HTTP 407): the proxy p:1 of http_proxy refused to pass the request on: <html>"),
    (
      502, "<html>",
      "server (HTTP 502): the proxy p:1 of http_proxy got no answer from the endpoint, "
        + "or a gateway beyond it got none: <html>"
    ),
    (403, "No", "forbidden (HTTP 403): the proxy p:1 of http_proxy refused, or a gateway beyond it: No"),
    (502, #"{"error": {"message": "busy"}}"#, "server (HTTP 502): busy"),
    (400, "<html>", "refused (HTTP 400): <html>"),
  ])
  func aProxyThatAnswersIsNamed(status: Int, body: String, told: String) async {
    let transport = ScriptedTransport { _, _ in
      HTTPResponse(status: status, body: Array(body.utf8), proxy: "p:1 of http_proxy")
    }
    let caller = HTTPCaller(transport, clock: JumpingClock(), endpoint: { "http://host/v1/" })
    do { _ = try await caller.answer(call()) } catch { #expect("\(error)" == told) }
  }

  @Test func sendsTheBodyWithItsHeaders() async throws {
    let transport = ScriptedTransport { _, _ in
      HTTPResponse(status: 200, body: Array(#"{"choices":[],"usage":{"prompt_tokens":3}}"#.utf8))
    }
    let caller = HTTPCaller(
      transport, secrets: { ["authorization": "Bearer k"] }, clock: JumpingClock(),
      endpoint: { "http://host/v1/" })
    let reply = try await caller.answer(call())
    #expect(
      reply
        == RawReply(
          body: #"{"choices":[],"usage":{"prompt_tokens":3}}"#, usage: Usage(promptTokens: 3)))
    #expect(
      transport.requests == [
        HTTPRequest(
          url: "http://host/v1/chat/completions",
          headers: [
            "content-type": "application/json", "accept": "application/json", "authorization": "Bearer k",
            "x-org": "o",
          ], body: Array(#"{"a":1}"#.utf8), timeout: 7)
      ])
  }

  @Test(arguments: [
    (429, ModelError.Kind.rateLimited), (500, .server), (502, .server), (408, .server), (400, .refused),
    (401, .denied), (404, .forbidden), (503, .server), (501, .server),
  ])
  func namesTheFailure(status: Int, kind: ModelError.Kind) async {
    let result = await answer(status, #"{"error":{"message":"no"}}"#)
    #expect(result == .failure(ModelError(kind, status: status, "no")))
  }

  @Test func readsRetryAfter() async {
    #expect(
      await answer(429, "slow", headers: ["retry-after": "12"])
        == .failure(ModelError(.rateLimited, status: 429, "slow", retryAfter: 12)))
    // The clock stands at Sun, 06 Nov 1994 08:49:37 GMT.
    #expect(
      await answer(503, "slow", headers: ["retry-after": "Sun, 06 Nov 1994 08:50:07 GMT"])
        == .failure(ModelError(.rateLimited, status: 503, "slow", retryAfter: 30)))
  }

  @Test(
    arguments: [
      (["retry-after": "Sunday, 06-Nov-94 08:50:07 GMT"], 30),
      (["retry-after": "Sun Nov  6 08:50:07 1994"], 30),
      (["retry-after": "Sun, 6 Nov 1994 08:49:30 GMT"], 0),
      (["retry-after-ms": "1500", "retry-after": "2"], 1.5),
      (["retry-after-ms": "soon", "retry-after": " 2 "], 2),
      (["retry-after-ms": "1e400", "retry-after": "1e400"], nil),
      (["retry-after": "Sun, 06 Nov 1994 08:50:07 PST"], nil),
      (["retry-after": "tomorrow"], nil),
    ] as [([String: String], Double?)])
  func readsEveryFormOfRetryAfter(headers: [String: String], wait: Double?) async {
    #expect(
      await answer(429, "slow", headers: headers)
        == .failure(ModelError(.rateLimited, status: 429, "slow", retryAfter: wait)))
  }

  @Test func readsTheWaitInABodyAndParksOnADailyQuota() async {
    let paced =
      #"{"error":{"code":429,"message":"slow","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"12.5s"}]}}"#
    #expect(
      await answer(429, paced)
        == .failure(ModelError(.rateLimited, status: 429, "slow", retryAfter: 12.5)))
    let daily =
      #"{"error":{"message":"used up","details":[{"violations":[{"quotaId":"RequestsPerDay"}]},{"retryDelay":"9s"}]}}"#
    #expect(
      await answer(429, daily) == .failure(ModelError(.denied, status: 429, "used up", retryAfter: 9)))
  }

  @Test func anErrorThatIsAlmostJSONIsRead() async {
    #expect(
      await answer(400, #"{"error":{"message":"no","n":NaN,"n":-Infinity}}"#)
        == .failure(ModelError(.refused, status: 400, "no")))
  }

  @Test func boundsTheServersWordsAndCutsTheKeyOut() async {
    let long = String(repeating: "x", count: 600)
    #expect(await answer(400, long) == .failure(ModelError(.refused, status: 400, String(long.prefix(500)))))
    #expect(
      await answer(401, "bad key sk-1", key: "sk-1")
        == .failure(ModelError(.denied, status: 401, "bad key [key]")))
  }

  @Test func refusesAnEnvelopeThatIsNone() async {
    #expect(
      await answer(200, "<html>")
        == .failure(
          ModelError(
            .malformed, status: 200,
            "expected a JSON reply (line 1, column 1: expected a JSON value, found '<html>'), found: <html>"))
    )
    #expect(
      await answer(200, #"{"error":{"message":"full"},"usage":{"prompt_tokens":1}}"#)
        == .failure(
          ModelError(
            .malformed, status: 200, "expected 'choices'; the server says: full",
            usage: Usage(promptTokens: 1))))
  }

  @Test func bytesThatAreNotUTF8AreNotMadeToFit() async {
    let transport = ScriptedTransport { _, _ in
      HTTPResponse(status: 200, body: Array(#"{"choices":["#.utf8) + [0xFF] + Array("]}".utf8))
    }
    let caller = HTTPCaller(transport, clock: JumpingClock(), endpoint: { "http://host/v1" })
    await #expect(
      throws: ModelError(
        .malformed, status: 200, "expected UTF-8, found other bytes in the reply: {\"choices\":[\u{FFFD}]}")
    ) { try await caller.answer(call()) }
  }

  @Test func aKeyThatTheServerRepeatsIsNotKept() async {
    #expect(
      await answer(200, #"{"choices":["you sent sk-123456789"],"x":"sk-123456789"}"#, key: "sk-123456789")
        == .success(RawReply(body: #"{"choices":["you sent [key]"],"x":"[key]"}"#)))
    #expect(
      await answer(200, #"{"choices":["none"]}"#, key: "none")
        == .success(RawReply(body: #"{"choices":["none"]}"#)))
  }

  @Test func anErrorHoldsNoPartOfTheKeyWhereItIsCut() async {
    let key = "sk-chaos-0123456789abcdef"
    let before = String(repeating: "x", count: 490)
    #expect(
      await answer(401, "\(before)\(key) is wrong", key: key)
        == .failure(ModelError(.denied, status: 401, "\(before)[key] is w")))
    #expect(
      await answer(200, #"{"error":{"message":"Bearer sk\u002dchaos-0123456789abcdef"}}"#, key: key)
        == .failure(
          ModelError(.malformed, status: 200, "expected 'choices'; the server says: Bearer [key]")))
    #expect(
      await answer(307, "", headers: ["location": "/x?key=sk-chaos-0123456789abcdef"], key: key)
        == .failure(
          ModelError(
            .refused, status: 307,
            "expected an answer, found a redirect to '/x?key=[key]', which is not followed; give that address"
          )))
  }

  @Test func aRedirectSaysWhereto() async {
    #expect(
      await answer(308, "", headers: ["location": "/v2"])
        == .failure(
          ModelError(
            .refused, status: 308,
            "expected an answer, found a redirect to '/v2', which is not followed; give that address")))
  }

  @Test func aUsedUpPlanIsNoRateLimit() async {
    let body = #"{"error":{"message":"quota","code":"insufficient_quota"}}"#
    #expect(await answer(429, body) == .failure(ModelError(.denied, status: 429, "quota")))
  }
}
