import Foundation
import RetortStore
import Testing

@testable import RetortCore
@testable import RetortRun

/// A run as a table: each line an action that the scheduler asks for, and what it is told then.
struct Play {
  private var scheduler: Scheduler

  /// - Parameter nodes: each after those that it takes rows or sets from; their depth is found.
  init(_ nodes: [Scheduler.Node], pageSize: Int = 3) {
    scheduler = Scheduler(Scheduler.Node.withDepths(nodes), pageSize: pageSize)
  }

  mutating func asks(
    _ action: Scheduler.Action, _ events: Scheduler.Event...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(scheduler.next() == action, sourceLocation: sourceLocation)
    for event in events { scheduler.handle(event) }
  }

  mutating func hears(_ event: Scheduler.Event) { scheduler.handle(event) }

  mutating func begins(_ stage: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    asks(.begin(stage: stage), .begun(stage: stage), sourceLocation: sourceLocation)
  }

  /// A source that was read before.
  mutating func reads(_ stage: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    begins(stage, sourceLocation: sourceLocation)
    asks(
      .lookUpSet(stage: stage, group: nil), .set(stage: stage, .known), sourceLocation: sourceLocation)
    asks(.finish(stage: stage, settled: true), sourceLocation: sourceLocation)
  }
}

extension Scheduler.Node {
  static let reader = Self(isSet: true)

  static func rows(from: Int..., window: Int = 3) -> Self { Self(from: from, window: window) }
  static func set(from: Int..., window: Int = 3) -> Self { Self(from: from, isSet: true, window: window) }

  private func with(_ change: (inout Self) -> Void) -> Self {
    var node = self
    change(&node)
    return node
  }

  func using(_ sets: Int...) -> Self { with { $0.using = sets } }
  func after(_ stages: Int...) -> Self { with { $0.after = stages } }
  func behind(_ gate: Int, goesOn: Bool) -> Self { with { $0.gate = .init(stage: gate, goesOn: goesOn) } }
  var deciding: Self { with { $0.decides = true } }
  var grouped: Self { with { $0.isGrouped = true } }
  var calling: Self { with { $0.callsModels = true } }
  var dropping: Self { with { $0.dropsFailures = true } }
  var leftOut: Self { with { $0.isNeeded = false } }

  /// Those that it takes rows or sets from, or waits for.
  var upstream: [Int] { from + using + after + [gate?.stage].compactMap(\.self) }

  static func withDepths(_ nodes: [Self]) -> [Self] {
    nodes.reduce(into: []) { placed, node in
      placed.append(node.with { $0.depth = $0.upstream.map { placed[$0].depth + 1 }.max() ?? 0 })
    }
  }
}

extension Scheduler.Event {
  static func done(_ stage: Int, row: Int64) -> Self { .ended(stage: stage, .row(row), .done(.one)) }

  /// A page of rows that all had a step.
  static func rows(stage: Int, upstream: Int, hits: Int, last: Int64 = 1) -> Self {
    .rows(stage: stage, upstream: upstream, .init(rows: hits, last: last, hits: hits))
  }
}

extension AnsweredRows {
  /// A row that became one.
  static let one = Self(rows: 1, out: 1)
}

extension SetInput {
  init(_ digest: Digest, _ count: Int) { self.init(digest: digest, count: count, complete: true) }
}

extension Digest: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(of: value) }
}

extension Arrival: ExpressibleByIntegerLiteral {
  init(_ id: Int64, row: Int64? = nil) { self.init(id: id, row: row ?? id, digest: .init(), text: "") }
  init(integerLiteral value: Int64) { self.init(value) }
}

/// A page of rows that have no step.
extension Scheduler.RowPage: ExpressibleByArrayLiteral {
  init(arrayLiteral misses: Arrival...) {
    self.init(rows: misses.count, last: misses.last?.id ?? 0, misses: misses)
  }
}
