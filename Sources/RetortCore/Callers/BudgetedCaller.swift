/// Refuses a call that the run's budget does not cover. It sets the call's estimate aside before the call is sent and
/// books what the endpoint counted afterwards.
package struct BudgetedCaller: Caller {
  private let inner: any Caller
  private let budget: Budget

  package init(_ inner: any Caller, budget: Budget) {
    self.inner = inner
    self.budget = budget
  }

  package func answer(_ request: ModelRequest) async throws -> RawReply {
    let aside = Budget.Amount(request.estimate, price: request.model.price)
    try await budget.reserve(aside)
    do {
      let reply = try await inner.answer(request)
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

/// What a run and its resumes may cost, shared by all of the run's models.
package final class Budget: Sendable {
  package struct Amount: Hashable, Sendable {
    package var usd: Double
    package var tokens: Int

    package init(usd: Double = 0, tokens: Int = 0) {
      self.usd = usd
      self.tokens = tokens
    }

    /// Cached prompt tokens are priced as such where the file gives their price. No price counts as 0 USD.
    package init(_ usage: Usage, price: ModelSpec.Price?) {
      tokens = usage.promptTokens.adding(bounded: usage.completionTokens)
      usd = price?.usd(usage) ?? 0
    }

    static func + (left: Amount, right: Amount) -> Amount {
      Amount(usd: left.usd + right.usd, tokens: left.tokens.adding(bounded: right.tokens))
    }
  }

  private struct State {
    var spent: Amount
    var aside: [Amount] = []
  }
  /// Those who wait for calls in flight.
  private enum Waiting { case forRoom }

  private let maxUSD: Double?
  private let maxTokens: Int?
  /// Waiters are told whether their amount was set aside; else they ask again.
  private let state: Waiters<State, Waiting, Bool>

  /// - Parameter spent: what earlier attempts of the same run have cost.
  package init(maxUSD: Double? = nil, maxTokens: Int? = nil, spent: Amount = .init()) {
    self.maxUSD = maxUSD
    self.maxTokens = maxTokens
    state = Waiters(State(spent: spent))
  }

  package var spent: Amount { state.withState { $0.spent } }

  /// Sets an amount aside. What calls in flight have set aside may come back, since as a rule they cost less: while
  /// that is what is missing, it waits for them.
  ///
  /// Errors: ``Halt`` for `budget`.
  func reserve(_ amount: Amount) async throws {
    var isSetAside = false
    while !isSetAside {
      isSetAside = try await state.wait(under: .forRoom) { try admit(amount, &$0) }
    }
  }

  /// Sets the amount aside; nil when it has to wait.
  private func admit(_ amount: Amount, _ state: inout State) throws -> Bool? {
    if let refusal = refusal(amount, spent: state.spent) { throw refusal }
    // Summed afresh, so that rounding cannot leave a rest behind when all calls have settled.
    guard refusal(amount, spent: state.aside.reduce(state.spent, +)) == nil else { return nil }
    state.aside.append(amount)
    return true
  }

  private func refusal(_ amount: Amount, spent: Amount) -> Halt? {
    if let maxUSD, spent.usd + amount.usd > maxUSD {
      return Halt(
        .budget,
        "the call may cost \(amount.usd) USD; with \(spent.usd) USD spent that is over \(maxUSD) USD")
    }
    if let maxTokens, spent.tokens.adding(bounded: amount.tokens) > maxTokens {
      return Halt(
        .budget,
        "the call may take \(amount.tokens) tokens; with \(spent.tokens) spent that is over \(maxTokens)")
    }
    return nil
  }

  func settle(_ amount: Amount, paid: Amount) {
    state.change { state, waiting in
      if let place = state.aside.firstIndex(of: amount) { state.aside.remove(at: place) }
      state.spent = state.spent + paid
      waiting.releaseAll(under: .forRoom, with: false)
    }
  }
}
