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
