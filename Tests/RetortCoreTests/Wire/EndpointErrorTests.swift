import RetortTestSupport
import Testing

@testable import RetortCore

/// What real providers say, in their own statuses and spellings.
struct EndpointErrorTests {
  private func failure(_ status: Int, _ body: String, headers: [String: String] = [:]) async throws
    -> ModelError
  {
    let transport = ScriptedTransport { _, _ in
      HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
    }
    let caller = HTTPCaller(transport, clock: JumpingClock(), endpoint: { "http://host/v1" })
    let call = ModelRequest(
      model: ModelSpec(alias: "t", name: "m"), origin: CallOrigin(), path: "x", body: [:], identity: [:]
    ) { json in
      if json["choices"] == nil { throw ModelError(.malformed, "expected 'choices'") }
    }
    do {
      _ = try await caller.answer(call)
      throw Halt(.budget, "expected a failure")
    } catch let error as ModelError { return error }
  }

  @Test(arguments: [
    (401, #"{"error":{"message":"Incorrect API key provided"}}"#),
    (
      402,
      #"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#
    ),
    (
      402,
      #"{"error":{"code":402,"message":"Insufficient credits. Add more using https://openrouter.ai/credits"}}"#
    ),
    (402, "<html>Payment Required</html>"),
    (
      429,
      #"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}"#
    ),
    (
      429, #"{"error":{"code":"billing_hard_limit_reached","message":"Billing hard limit has been reached"}}"#
    ),
    (
      400,
      #"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#
    ),
    (
      429,
      #"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"retryDelay":"34s"}]}}]"#
    ),
    (
      403,
      #"{"error":{"code":"403","message":"Out of call volume quota. Quota will be replenished in 2.00:00:00."}}"#
    ),
    (429, #"{"error":{"message":"Rate limit exceeded: free-models-per-day. Add 10 credits","code":429}}"#),
    (
      400,
      #"{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing."}"#
    ),
    (
      400,
      #"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#
    ),
    (
      412,
      #"{"error":{"message":"Account x is suspended, possibly due to hitting the monthly spending limit"}}"#
    ),
    (429, #"{"error":{"code":"1113","message":"您的账户已欠费，请充值后重试。"}}"#),
    (200, #"{"error":{"message":"Insufficient credits","code":402}}"#),
  ])
  func nothingLeftToPayWith(status: Int, body: String) async throws {
    #expect(try await failure(status, body).kind == .denied, "\(status) \(body)")
  }

  @Test(arguments: [
    (
      429,
      #"{"error":{"message":"Rate limit reached for gpt-4o on requests per day (RPD): Limit 200. Please try again in 7m12s. You can increase your rate limit by adding a payment method to your account at https://platform.openai.com/account/billing.","code":"rate_limit_exceeded"}}"#
    ),
    (
      429,
      #"{"error":{"code":"429","message":"Requests have exceeded token rate limit of your current OpenAI S0 pricing tier. Please go here: https://aka.ms/oai/quotaincrease"}}"#
    ),
    (
      429,
      #"{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}"#
    ),
    (
      429,
      #"{"type":"error","error":{"type":"rate_limit_error","message":"would exceed 40,000 input tokens per minute"}}"#
    ),
    (200, #"{"error":{"message":"Provider returned error: rate-limited upstream","code":429}}"#),
  ])
  func aRateIsNoQuota(status: Int, body: String) async throws {
    #expect(try await failure(status, body).kind == .rateLimited, "\(body)")
  }

  @Test func aQuotaOfAMinuteSaysHowLongToWait() async throws {
    let body =
      #"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProject"}]},{"retryDelay":"34s"}]}}"#
    let error = try await failure(429, body)
    #expect((error.kind, error.retryAfter) == (.rateLimited, 34))
  }

  @Test(arguments: [
    (
      400,
      #"{"error":{"message":"The response was filtered","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#
    ),
    (
      400,
      #"{"error":{"code":"content_policy_violation","message":"Your request was rejected by our safety system."}}"#
    ),
    (
      400,
      #"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#
    ),
    (400, #"{"error":{"message":"Content Exists Risk","type":"invalid_request_error"}}"#),
    (400, #"{"code":"DataInspectionFailed","message":"Input data may contain inappropriate content."}"#),
    (
      403,
      #"{"error":{"code":403,"message":"Your chosen model requires moderation and your input was flagged"}}"#
    ),
    (400, #"{"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"}}"#),
    (422, #"{"error":{"code":"SensitiveContentDetected","message":"x"}}"#),
  ])
  func aFilterOfTheContent(status: Int, body: String) async throws {
    #expect(try await failure(status, body).kind == .filtered, "\(body)")
  }

  @Test(arguments: [
    (400, #"{"error":{"message":"maximum context length is 8192 tokens"}}"#, ModelError.Kind.refused, true),
    (
      422, #"{"detail":[{"type":"string_too_long","msg":"x","input":"insufficient balance"}]}"#, .refused,
      true
    ),
    (413, "too large", .refused, true), (403, "no", .forbidden, false),
    (404, #"{"error":{"message":"The model `m` does not exist"}}"#, .forbidden, false),
    (405, "", .unsupported, false),
    (429, "slow", .rateLimited, false), (503, "down", .server, false), (307, "", .refused, false),
    (401, "", .denied, false),
  ])
  func whatIsRefusedForGood(status: Int, body: String, kind: ModelError.Kind, forGood: Bool) async throws {
    let error = try await failure(status, body)
    #expect((error.kind, error.isForGood) == (kind, forGood))
  }

  @Test(arguments: [
    ("1e30", 31_536_000.0), ("9223372036854775808", 31_536_000), ("-5", 0), ("nan", nil), ("inf", nil),
    ("soon", nil),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 31_536_000),
  ])
  func aWaitIsBounded(header: String, seconds: Double?) async throws {
    #expect(try await failure(429, "slow", headers: ["retry-after": header]).retryAfter == seconds)
  }
}
