internal import Synchronization

/// Refuses a call that the run's budget does not cover. It sets the call's estimate aside before the call is sent and
/// books what the endpoint counted afterwards.
package struct BudgetedCaller: Caller {
  private let inner: any Caller
  private let budget: Budget

  package init(_ inner: any Caller, budget: Budget) {
    self.inner = inner
    self.budget = budget
  }

  package func answer(_ call: Call) async throws -> RawReply {
    let estimate = Usage(promptTokens: call.promptEstimate, completionTokens: call.completionEstimate)
    let aside = Budget.Amount(estimate, price: call.model.price)
    try budget.reserve(aside)
    do {
      let reply = try await inner.answer(call)
      // An endpoint that counts nothing would never reach the bound: then the estimate is what there is.
      let counted = reply.usage != Usage() ? reply.usage : estimate
      budget.settle(aside, paid: Budget.Amount(counted, price: call.model.price))
      return reply
    } catch {
      let usage = (error as? ModelError)?.usage ?? Usage()
      budget.settle(aside, paid: Budget.Amount(usage, price: call.model.price))
      throw error
    }
  }
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
      tokens = usage.promptTokens + usage.completionTokens
      usd = price?.usd(usage) ?? 0
    }

    static func + (left: Amount, right: Amount) -> Amount {
      Amount(usd: left.usd + right.usd, tokens: left.tokens + right.tokens)
    }
  }

  private struct State {
    var spent: Amount
    var aside: [Amount] = []
  }
  private let maxUSD: Double?
  private let maxTokens: Int?
  private let state: Mutex<State>

  /// - Parameter spent: what earlier attempts of the same run have cost.
  package init(maxUSD: Double? = nil, maxTokens: Int? = nil, spent: Amount = .init()) {
    self.maxUSD = maxUSD
    self.maxTokens = maxTokens
    state = Mutex(State(spent: spent))
  }

  package var spent: Amount { state.withLock { $0.spent } }

  /// Errors: ``ModelError`` of kind `budget`.
  func reserve(_ amount: Amount) throws {
    try state.withLock {
      // Summed afresh, so that rounding cannot leave a rest behind when all calls have settled.
      let would = $0.aside.reduce($0.spent + amount, +)
      if let maxUSD, would.usd > maxUSD {
        throw ModelError(
          .budget,
          "the call may cost \(amount.usd) USD; with \($0.spent.usd) USD spent that is over \(maxUSD) USD")
      }
      if let maxTokens, would.tokens > maxTokens {
        throw ModelError(
          .budget,
          "the call may take \(amount.tokens) tokens; with \($0.spent.tokens) spent that is over \(maxTokens)"
        )
      }
      $0.aside.append(amount)
    }
  }

  func settle(_ amount: Amount, paid: Amount) {
    state.withLock {
      if let place = $0.aside.firstIndex(of: amount) { $0.aside.remove(at: place) }
      $0.spent = $0.spent + paid
    }
  }
}
