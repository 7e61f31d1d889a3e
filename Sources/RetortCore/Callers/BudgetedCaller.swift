/// Refuses a call that the run's budget does not cover. It sets the call's estimate aside before the call is sent and
/// books what the endpoint counted afterwards.
struct BudgetedCaller: Caller {
  private let inner: any Caller
  private let budget: Budget
  private let gauge: CallGauge

  init(_ inner: any Caller, budget: Budget, gauge: CallGauge = CallGauge()) {
    self.inner = inner
    self.budget = budget
    self.gauge = gauge
  }

  func answer(_ request: ModelRequest) async throws -> RawReply {
    let aside = Budget.Amount(request.estimate, price: request.model.price)
    try await gauge.holding(.budget, request.model) { try await budget.reserve(aside) }
    do {
      let reply = try await gauge.asking(request.model) { try await inner.answer(request) }
      budget.settle(aside, paid: Budget.Amount(request.booked(reply), price: request.model.price))
      return reply
    } catch {
      let usage = FailedCall(error)?.usage ?? Usage()
      budget.settle(aside, paid: Budget.Amount(usage, price: request.model.price))
      throw error
    }
  }
}

extension ModelRequest {
  /// What is booked for an answer: what the endpoint counted. One that counts nothing, or far too little, would never
  /// reach a bound: then the estimate is what there is.
  package func booked(_ reply: RawReply) -> Usage {
    reply.booked ?? (reply.usage == Usage() ? estimate : reply.usage)
  }

  /// The usage to book instead of one that cannot be: it has fewer than one token for ``bytesPerToken`` bytes of
  /// prompt or reply. Nil where it can.
  func doubted(_ usage: Usage, replyBytes: Int) -> Usage? {
    var better = usage
    if estimate.promptTokens * 4 > (usage.promptTokens + 1) * Self.bytesPerToken {
      better.promptTokens = estimate.promptTokens
    }
    if replyBytes > (usage.completionTokens + 1) * Self.bytesPerToken {
      better.completionTokens = max(estimate.completionTokens, TokenEstimate.quarter(replyBytes))
    }
    return better == usage || usage == Usage() ? nil : better
  }

  /// More than any text needs on average: four are usual, and a long run of spaces is one token.
  private static var bytesPerToken: Int { 64 }
}
