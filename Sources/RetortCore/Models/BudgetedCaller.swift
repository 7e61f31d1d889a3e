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
    let aside = Budget.Amount(call.estimate, price: call.model.price)
    try await budget.reserve(aside)
    do {
      let reply = try await inner.answer(call)
      budget.settle(aside, paid: Budget.Amount(call.booked(reply), price: call.model.price))
      return reply
    } catch {
      let usage = (error as? ModelError)?.usage ?? Usage()
      budget.settle(aside, paid: Budget.Amount(usage, price: call.model.price))
      throw error
    }
  }
}

extension Call {
  /// What is booked for an answer: what the endpoint counted. One that counts nothing, or far too little, would never
  /// reach a bound: then the estimate is what there is.
  package func booked(_ reply: RawReply) -> Usage {
    reply.booked ?? (reply.usage == Usage() ? estimate : reply.usage)
  }

  /// The usage to book instead of one that cannot be: it has fewer than one token for ``bytesPerToken`` bytes of
  /// prompt or reply. Nil where it can.
  func doubted(_ usage: Usage, replyBytes: Int) -> Usage? {
    var better = usage
    if promptEstimate * 4 > (usage.promptTokens + 1) * Self.bytesPerToken {
      better.promptTokens = promptEstimate
    }
    if replyBytes > (usage.completionTokens + 1) * Self.bytesPerToken {
      better.completionTokens = max(completionEstimate, (replyBytes + 3) / 4)
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

  private typealias Waiter = CheckedContinuation<Bool, any Error>
  private struct State {
    var spent: Amount
    var aside: [Amount] = []
    var next = 0
    var waiters: [Int: Waiter] = [:]
    /// Waiters whose task was cancelled before they had queued.
    var cancelled: Set<Int> = []
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

  /// Sets an amount aside. What calls in flight have set aside may come back, since as a rule they cost less: while
  /// that is what is missing, it waits for them.
  ///
  /// Errors: ``ModelError`` of kind `budget`.
  func reserve(_ amount: Amount) async throws {
    let id = state.withLock {
      $0.next += 1
      return $0.next
    }
    defer { state.withLock { _ = $0.cancelled.remove(id) } }
    var isGranted = false
    while !isGranted {
      isGranted = try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
          if let outcome = admit(amount, or: continuation, id) { continuation.resume(with: outcome) }
        }
      } onCancel: {
        let waiter: Waiter? = state.withLock {
          $0.cancelled.insert(id)
          return $0.waiters.removeValue(forKey: id)
        }
        waiter?.resume(throwing: CancellationError())
      }
    }
  }

  /// Grants or refuses the amount; nil when it has to wait.
  private func admit(_ amount: Amount, or waiter: Waiter, _ id: Int) -> Result<Bool, any Error>? {
    state.withLock {
      if $0.cancelled.contains(id) { return .failure(CancellationError()) }
      if let refusal = refusal(amount, spent: $0.spent) { return .failure(refusal) }
      // Summed afresh, so that rounding cannot leave a rest behind when all calls have settled.
      guard refusal(amount, spent: $0.aside.reduce($0.spent, +)) == nil else {
        $0.waiters[id] = waiter
        return nil
      }
      $0.aside.append(amount)
      return .success(true)
    }
  }

  private func refusal(_ amount: Amount, spent: Amount) -> ModelError? {
    if let maxUSD, spent.usd + amount.usd > maxUSD {
      return ModelError(
        .budget,
        "the call may cost \(amount.usd) USD; with \(spent.usd) USD spent that is over \(maxUSD) USD")
    }
    if let maxTokens, spent.tokens.adding(bounded: amount.tokens) > maxTokens {
      return ModelError(
        .budget,
        "the call may take \(amount.tokens) tokens; with \(spent.tokens) spent that is over \(maxTokens)")
    }
    return nil
  }

  func settle(_ amount: Amount, paid: Amount) {
    let waiters = state.withLock { state in
      if let place = state.aside.firstIndex(of: amount) { state.aside.remove(at: place) }
      state.spent = state.spent + paid
      defer { state.waiters = [:] }
      return state.waiters
    }
    for waiter in waiters.values { waiter.resume(returning: false) }
  }
}
