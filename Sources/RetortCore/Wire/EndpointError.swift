/// An error as an endpoint tells it: what its status, codes and words say of the request, the account and the model.
///
/// Providers tell the same thing in different statuses: a used-up quota comes as 402, 403 and 429, and as 400 too.
struct EndpointError {
  /// The HTTP status, or the one that an error under status 200 names.
  let status: Int
  /// In the order of the reply, with nothing but lower-case letters and digits.
  private let codes: [String]
  /// The beginning of the server's message, in lower case: what follows may repeat the request.
  private let words: String
  /// The field of the request that the error is about, where it names one.
  let parameter: String?
  /// Seconds that the body asks to wait.
  let retryAfter: Double?

  init(status: Int, body: JSON?) {
    let root = body?.array?.first ?? body ?? .null
    let error = root["error"] ?? .null
    let details = (error["details"]?.array ?? []).prefix(16)
    let inner =
      [root, error, error["innererror"], error["inner_error"], error["metadata"], error["error"]]
      .compactMap { $0 } + details
    let parts = inner + details.flatMap { ($0["violations"]?.array ?? []).prefix(16) }
    codes = parts.flatMap { part in
      ["code", "type", "status", "reason", "error", "error_code", "quotaId"].compactMap { part[$0] }
    }.compactMap { $0.string ?? $0.int.map(String.init) }.map(Self.key)
    words = String((Self.message(root) ?? "").prefix(240)).lowercased()
    parameter = error["param"]?.string
    let named = error["code"]?.int ?? error["code"]?.string.flatMap { Int64($0) }
    self.status =
      (200..<300).contains(status)
      ? named.flatMap { (400..<600).contains($0) ? Int($0) : nil } ?? status : status
    retryAfter = details.lazy.compactMap { $0["retryDelay"]?.string }.first.flatMap {
      $0.hasSuffix("s") ? RetryAfter.seconds(String($0.dropLast()), now: 0) : nil
    }
  }

  /// The server's words: `{"error": {"message": …}}`, `{"error": …}`, `{"message": …}` or `{"detail": …}`, also as the
  /// only element of a list.
  static func message(_ json: JSON) -> String? {
    let json = json.array?.first ?? json
    if let error = json["error"], !error.isNull {
      return error["message"]?.string ?? error.string ?? error.text
    }
    return json["message"]?.string ?? json["detail"].map { $0.string ?? $0.text }
  }

  /// Whether one of these, in lower case, stands in the server's message.
  func says(_ phrases: [String]) -> Bool { phrases.contains { words.contains($0) } }

  /// Nil where neither status nor words say what kind of error it is: a reply under status 200.
  var kind: ModelError.Kind? {
    if isFiltered { return .filtered }
    if isDenied { return .denied }
    switch status {
    case 401, 402, 407: return .denied
    case 403, 404: return .forbidden
    case 429: return .rateLimited
    case 408, 409, 425, 500...: return .server
    case 405: return .unsupported
    case ..<300: return nil
    default: return .refused
    }
  }

  /// A filter stopped the request or its reply.
  private var isFiltered: Bool {
    guard ![401, 402, 407, 408, 409, 429].contains(status) else { return false }
    if codes.contains(where: { code in Self.filterCodes.contains { code.contains($0) } }) { return true }
    return [400, 403, 406, 422, 451].contains(status) && Self.filterWords.contains { words.contains($0) }
  }

  /// The key is wrong, or the account has nothing left: no request is answered until somebody sees to it.
  private var isDenied: Bool {
    let isPaced =
      codes.contains { $0.contains("perminute") }
      || ["per minute", "per min", "per second", "_per_minute"].contains { words.contains($0) }
    if codes.contains(where: { $0.contains("perday") || $0.contains("permonth") }) { return true }
    if codes.contains(where: { code in Self.deniedCodes.contains { code.contains($0) } }) {
      return !isPaced || status != 429
    }
    guard !isPaced, status < 500, status != 413, status != 422 else { return false }
    if [403, 429].contains(status), codes.allSatisfy({ !$0.contains("ratelimitexceeded") }),
      Self.spanWords.contains(where: { words.contains($0) })
    {
      return true
    }
    return status >= 400 && Self.deniedWords.contains { words.contains($0) }
  }

  private static func key(_ text: String) -> String {
    String(
      text.prefix(120).lowercased().unicodeScalars.filter {
        ("a"..."z").contains($0) || ("0"..."9").contains($0)
      })
  }

  private static func list(_ text: String) -> [String] {
    text.split(separator: "\n").flatMap { $0.split(separator: ",") }.map { String($0).trimmed }.filter {
      !$0.isEmpty
    }
  }

  private static let filterCodes = list(
    """
    contentfilter, contentpolicy, contentmanagementpolicy, responsibleaipolicy, datainspection, sensitivecontent
    textsensitive, imagesensitive, newsensitive, prohibitedcontent, contentmoderation, moderationblocked, inputmoderation
    outputmoderation, unsafecontent, harmfulcontent, contentblocked, guardrail, policyviolation, safetyviolation, safetyblock
    """)
  private static let filterWords = list(
    """
    content management policy, content filter, content policy, content policies, content safety, content moderation
    usage policy, usage policies, usage guidelines, safety system, safety check, safety filter, was flagged, were flagged
    inappropriate content, content exists risk, considered high risk, sensitive content, harmful content
    prohibited content, 敏感, 不安全, 违规
    """)
  private static let deniedCodes = list(
    """
    insufficientquota, insufficientuserquota, insufficientbalance, insufficientcredit, insufficientfund
    insufficientaccountbalance, exceededcurrentquota, quotaexceeded, quotaexhausted, dailylimitexceeded, billinghardlimit
    billinglimit, billingnotactive, billingerror, spendlimit, spendinglimit, creditbalancetoolow, creditlimit, arrearage
    accountdeactivated, accountsuspended, accountdisabled, accountnotactive, paymentrequired, freetieronly
    invalidapikey, apikeyinvalid, apikeyexpired, authenticationerror, invalidauthentication
    """)
  private static let deniedWords = list(
    """
    exceeded your current quota, exceeded your quota, exceeded your monthly, plan and billing, insufficient quota
    insufficient_quota, insufficient balance, insufficient account balance, insufficient credit, insufficient fund
    balance is insufficient, balance insufficient, balance is not enough, not enough credit, not enough balance
    credit balance is too low, out of credit, no credits left, requires more credits, used all available credits
    credit limit, spending limit, spend limit, api usage limits, hard limit, billing_hard_limit, billing is not active
    account is not active, account is suspended, account has been suspended, account suspended, account is disabled
    account has been deactivated, account is deactivated, payment required, overdue, arrear, good standing
    out of call volume quota, trial limit, included credits, quota exhausted, quota is exhausted, quota has been exhausted
    quota has been used up, quota is used up
    incorrect api key, invalid api key, invalid api-key, api key not valid, api key expired, api key is invalid
    余额不足, 余额, 欠费, 额度已, 额度不足
    """)
  private static let spanWords = [
    "per-day", "per day", "daily limit", "daily quota", "monthly limit", "monthly quota",
  ]
}
