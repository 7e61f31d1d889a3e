internal import OrderedCollections
package import RetortCore

/// Measures what the best of n rollouts by a proxy reward is worth by the verifier, for growing n: where the curve
/// turns down, the proxy is over-optimised (arXiv 2210.10760).
package struct MeasureBestOfN: SetStage {
  package static let name = "measure-best-of-n"
  package static let version = 1
  package static let summary =
    "Make a table of what the best of n rollouts by each proxy reward is worth by the verifier, for growing n."
  package static let keys = [
    "proxies": "The columns with the rewards to choose by, such as 'reward_mean' and 'reward_penalized'.",
    "verifier": "The column with what a choice is worth, a Boolean or a number; default 'correct'.",
    "unread":
      "What becomes of a row whose answer could not be read: leave_out (the default), or wrong (it is worth 0 when it is chosen).",
    "n": "How many rollouts to choose among, each 1 or more; default 1, 2, 4, 8, 16, 32, 64.",
  ]

  package enum Unread: String, Codable, Sendable, CaseIterable {
    case leaveOut = "leave_out"
    case wrong
  }

  package struct Config: Codable, Sendable {
    package var proxies: [String]
    package var verifier: String?
    package var n: [Int]?
    package var unread: Unread?

    package init(
      proxies: [String], verifier: String? = nil, n: [Int]? = nil, unread: Unread? = nil
    ) {
      self.unread = unread
      self.proxies = proxies
      self.verifier = verifier
      self.n = n
    }
  }

  package typealias Input = Columns

  /// A point of a curve: means over the groups that have n rollouts.
  package struct Output: Codable, Hashable, Sendable {
    /// The column that was chosen by.
    package var proxy: String
    package var n: Int
    /// `log n - (n - 1) / n`, in nats.
    package var divergence: Double
    /// Groups of n rollouts or more; a curve is of one set of groups only as far as this stays the same.
    package var groups: Int
    /// What the chosen one is worth by the verifier, of n different rollouts; null where no group has as many.
    package var verified: Double?
    /// The same where a rollout may be drawn again, over all groups.
    package var verifiedReplacing: Double
    /// What the chosen one is worth by the proxy itself, of n different rollouts.
    package var proxyReward: Double?
    /// The best that any choice could be worth by the verifier.
    package var best: Double?

    package enum CodingKeys: String, CodingKey {
      case proxy, n, divergence, groups, verified
      case verifiedReplacing = "verified_replacing"
      case proxyReward = "proxy_reward"
      case best
    }
  }

  package var reads: [ColumnUse] {
    RewardGroups<Double>.reads + ([verifier] + proxies).map { ColumnUse($0) }
  }
  private let proxies: [String]
  private let verifier: String
  private let sizes: [Int]
  private let unread: Unread

  package init(_ config: Config, in workspace: Workspace) throws {
    proxies = OrderedSet(config.proxies).elements
    verifier = config.verifier ?? "correct"
    sizes = Set(config.n ?? [1, 2, 4, 8, 16, 32, 64]).sorted()
    unread = config.unread ?? .leaveOut
    guard !proxies.isEmpty else { throw StageError("proxies: expected a column or more, found none") }
    guard !sizes.isEmpty, sizes.allSatisfy({ (1...1_000_000).contains($0) }) else {
      throw StageError("n: expected numbers from 1 to 1000000, found \(sizes)")
    }
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Output>) async throws {
    let groups = try await RewardGroups(of: rows, dropping: sink) { row throws(BadRow) -> [Double] in
      var values = [unread == .wrong && row.isUnread(verifier) ? 0 : try row.reward(verifier)]
      for proxy in proxies {
        let value = try row.number(proxy, reason: "bad reward")
        guard abs(value) <= RewardScore.largest else {
          throw BadRow(
            "bad reward", "expected up to \(RewardScore.largest) in size in '\(proxy)', found \(value)")
        }
        values.append(value)
      }
      return values
    }.groups
    let members = groups.flatMap(\.ordinals)
    guard !members.isEmpty else { return }
    for (index, proxy) in proxies.enumerated() {
      for n in sizes {
        try await sink.make(point(proxy, n, groups.map(\.members), column: index + 1), from: members)
      }
    }
  }

  private func point(_ proxy: String, _ n: Int, _ groups: [[[Double]]], column: Int) -> Output {
    func mean(_ worth: Int, by chooser: Int, replacing: Bool = false) -> Double? {
      let values = groups.compactMap { group in
        BestOfN.expected(
          group.map { $0[worth] }, by: group.map { $0[chooser] }, n: n, replacing: replacing)
      }
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return Output(
      proxy: proxy, n: n, divergence: BestOfN.divergence(n), groups: groups.count { $0.count >= n },
      verified: mean(0, by: column), verifiedReplacing: mean(0, by: column, replacing: true) ?? 0,
      proxyReward: mean(column, by: column), best: mean(0, by: 0))
  }
}
