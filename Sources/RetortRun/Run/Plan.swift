internal import OrderedCollections
internal import RetortCore
package import RetortStore

/// What a run would do, and why.
package struct Plan: Hashable, Sendable {
  package struct Stage: Codable, Hashable, Sendable {
    package var stage: String
    /// Input rows whose step exists.
    package var done: Int
    /// Steps to be made for the input rows that are known now.
    package var todo: Int
    /// Of those to be made, steps that ask nobody and whose outcome the plan knows already.
    package var foreseen: Int
    /// Input rows that an endpoint has refused for good: no run asks for them unless it is told to.
    package var passedOver: Int
    /// More rows, or the whole set, wait for steps upstream.
    package var waits: Bool
    /// Rows that come out of what is done or foreseen.
    package var rows: Int
    /// `done`, `never run`, `changed: with.prompt`, `failed before: …`, `2 new rows`, `file missing`, `forced`…
    package var reason: String

    package init(
      stage: String, done: Int, todo: Int, foreseen: Int = 0, passedOver: Int = 0, waits: Bool, rows: Int = 0,
      reason: String
    ) {
      self.stage = stage
      self.done = done
      self.todo = todo
      self.foreseen = foreseen
      self.passedOver = passedOver
      self.waits = waits
      self.rows = rows
      self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
      case stage, done, todo, foreseen, waits, rows, reason
      case passedOver = "passed_over"
    }
  }

  /// In file order.
  package var stages: [Stage]
  /// Redos that a run would leave as they are.
  package var unfinishedRedos: [UnfinishedRedo] = []
  /// By stage, the store's numbers of what its steps are known by.
  var fingerprints: [String: [Int64]] = [:]
  /// By stage, the bytes of a row that is known to come out, on average.
  var rowBytes: [String: Double] = [:]

  package init(stages: [Stage]) { self.stages = stages }

  /// Looks every key up, in the store as it is at one moment. Nothing is written to it: the rows that a run would pass
  /// on are noted beside it, so that a live run is not in the way, and has none in its way.
  package static func make(
    _ pipeline: Pipeline, store: Store, options: RunOptions = .init()
  ) async throws -> Plan {
    var planner = try await Planner(pipeline, options, try await store.sketch())
    return try await planner.plan()
  }
}

extension Plan {
  /// Models without a price that a run would call, in the order of the file.
  package func unpriced(_ pipeline: Pipeline) -> [String] {
    let called = stages.filter { $0.todo > 0 || $0.waits }.flatMap { pipeline[$0.stage]?.models ?? [] }
    return pipeline.models.values.filter { $0.price == nil && called.contains($0.alias) }.map(\.alias)
  }
}
