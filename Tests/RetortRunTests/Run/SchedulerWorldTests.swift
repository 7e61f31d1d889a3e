import RetortStore
import Testing

@testable import RetortCore
@testable import RetortRun

/// Graphs, outcomes and the order in which steps end are made up; what must hold, holds.
@Suite struct SchedulerWorldTests {
  @Test(arguments: 0..<400) func anyRunEndsAndKeepsItsRules(seed: Int) throws {
    var world = World(seed: UInt64(seed))
    try world.run()
  }
}

/// A store and models that answer by chance.
private struct World {
  struct Occurrence {
    let id: Int64
    let row: Int64
    /// The occurrences that it descends from and itself, by stage.
    let line: [Int: Int64]
  }

  private enum Key: Hashable {
    case row(stage: Int, Int64)
    case set(stage: Int, Digest)
  }

  private struct Flight {
    let stage: Int
    let input: Scheduler.StepInput
    let members: [Occurrence]
  }

  private var random: Chance
  private let nodes: [Scheduler.Node]
  /// The ancestor whose rows make a grouped stage's groups.
  private let ancestors: [Int: Int]
  private var scheduler: Scheduler
  private let halts: Bool
  private var out: [[Occurrence]]
  private var last: Int64 = 0
  /// Steps of earlier runs, and those of this one.
  private var known: Set<Key> = []
  private var neverKnown: Set<Key> = []
  private var taken: [Set<Int64>]
  private var begun: Set<Int> = []
  private var finished: [Int: Bool] = [:]
  private var decided: [Int: Bool] = [:]
  private var skipped: Set<Int> = []
  private var flights: [Flight] = []
  private var hasFailed = false
  private var isHalted = false
  private static let pageSize = 3

  init(seed: UInt64) {
    random = Chance(seed: seed)
    halts = random.below(4) == 0
    var (nodes, ancestors): ([Scheduler.Node], [Int: Int]) = ([], [:])
    for stage in 0..<(2 + random.below(5)) {
      var node = Scheduler.Node(
        isSet: stage == 0, window: 1 + random.below(3), callsModels: random.below(2) == 0,
        dropsFailures: random.below(3) == 0, isNeeded: random.below(8) > 0)
      if stage > 0, random.below(6) > 0 {
        node.from = random.some(of: stage)
        node.using = random.below(5) == 0 ? random.some(of: stage) : []
        node.isSet = random.below(3) == 0
        let shared = node.from.map { Self.line(of: $0, nodes) }.reduce(Set(0..<stage)) { $0.intersection($1) }
        if node.isSet, random.below(2) == 0, let ancestor = shared.min() {
          node.isGrouped = true
          ancestors[stage] = ancestor
        }
      } else {
        node.isSet = true
        // A gate, behind some of those before it.
        if stage > 0, random.below(2) == 0 {
          node.after = random.some(of: stage)
          node.decides = true
        }
      }
      let gates = nodes.indices.filter { nodes[$0].decides }
      if !gates.isEmpty, random.below(2) == 0 {
        node.gate = .init(stage: gates[random.below(gates.count)], goesOn: random.below(3) > 0)
      }
      nodes.append(node)
    }
    // An ancestor of what is needed is needed.
    for stage in nodes.indices.reversed() where nodes[stage].isNeeded {
      for other in nodes[stage].upstream { nodes[other].isNeeded = true }
    }
    self.nodes = Scheduler.Node.withDepths(nodes)
    self.ancestors = ancestors
    scheduler = Scheduler(self.nodes, pageSize: Self.pageSize)
    out = nodes.map { _ in [] }
    taken = nodes.map { _ in [] }
  }

  /// The stages that a stage's rows descend from by one line, itself among them: a set makes rows of no single one.
  private static func line(of stage: Int, _ nodes: [Scheduler.Node]) -> Set<Int> {
    let node = nodes[stage]
    guard !node.isSet, let first = node.from.first else { return [stage] }
    return node.from.dropFirst().map { line(of: $0, nodes) }.reduce(line(of: first, nodes)) {
      $0.intersection($1)
    }.union([stage])
  }

  mutating func run() throws {
    for _ in 0..<100_000 {
      if halts, random.below(200) == 0 {
        scheduler.handle(.interrupted)
        isHalted = true
      }
      let action = scheduler.next()
      if case .end(let status) = action { return try check(status) }
      try perform(action)
    }
    Issue.record("the run does not end")
  }

  private mutating func perform(_ action: Scheduler.Action) throws {
    switch action {
    case .begin(let stage):
      #expect(begun.insert(stage).inserted && nodes[stage].isNeeded)
      #expect((nodes[stage].using + nodes[stage].after).allSatisfy { finished[$0] == true })
      #expect(isOpen(stage))
      let begins = random.below(12) > 0
      hasFailed = hasFailed || !begins
      scheduler.handle(begins ? .begun(stage: stage) : .couldNotBegin(stage: stage))
    case .lookUpRows(let stage, let upstream, let after, let limit):
      let page = rows(stage, upstream, after, limit)
      scheduler.handle(.rows(stage: stage, upstream: upstream, page))
    case .lookUpGroups(let stage, let upstream, let after, let limit):
      let rows = out[upstream].filter { $0.id > after }.prefix(limit)
      scheduler.handle(
        .groups(
          stage: stage, upstream: upstream,
          .init(rows: rows.count, last: rows.last?.id ?? after, groups: rows.map { group(of: $0, at: stage) })
        ))
    case .lookUpAllGroups(let stage):
      #expect(nodes[stage].from.allSatisfy { finished[$0] != nil })
      let groups = out[try #require(ancestors[stage])].map { "\($0.id)" }
      scheduler.handle(.allGroups(stage: stage, groups))
    case .checkGroups(let stage, let groups):
      scheduler.handle(
        .checked(stage: stage, groups.map { .init(group: $0, isWhole: isWhole($0, at: stage)) }))
    case .lookUpSet(let stage, let group): scheduler.handle(.set(stage: stage, lookUp(stage, group)))
    case .performRow(let stage, let arrival):
      let members = nodes[stage].from.flatMap { out[$0] }.filter { $0.id == arrival.id }
      try start(.init(stage: stage, input: .row(arrival.row), members: members))
    case .performSet(let stage, let group, let input):
      #expect(group != nil || nodes[stage].from.allSatisfy { finished[$0] == true })
      try start(.init(stage: stage, input: .set(input.digest), members: members(stage, group)))
    case .passOverSet(let stage, let group, _):
      hasFailed = true
      if nodes[stage].dropsFailures { taken[stage].formUnion(members(stage, group).map(\.id)) }
    case .settleRow(let stage, _, let end, let followers):
      let rows = nodes[stage].from.flatMap { out[$0] }.filter { followers.contains($0.id) }
      #expect(rows.count == followers.count)
      settle(rows, of: stage, end)
    case .settleSet, .announce: break
    case .skip(let stage):
      #expect(!isOpen(stage) && finished.updateValue(true, forKey: stage) == nil && !begun.contains(stage))
      skipped.insert(stage)
    case .decide(let stage):
      #expect(nodes[stage].decides && finished[stage] == true && decided[stage] == nil)
      decided[stage] = random.below(2) == 0
      scheduler.handle(.decided(stage: stage, goesOn: decided[stage] == true))
    case .finish(let stage, let settled): try finish(stage, settled)
    case .wait:
      try #require(!flights.isEmpty, "nothing is in flight to be waited for")
      for _ in 0...random.below(flights.count) { try land() }
    case .end: break
    }
  }

  /// Whether the gate of a stage lets it begin.
  private func isOpen(_ stage: Int) -> Bool {
    guard let gate = nodes[stage].gate else { return true }
    return decided[gate.stage] == gate.goesOn
  }

  // MARK: Look-ups

  private mutating func rows(_ stage: Int, _ upstream: Int, _ after: Int64, _ limit: Int) -> Scheduler.RowPage
  {
    let found = Array(out[upstream].filter { $0.id > after }.prefix(limit))
    var page = Scheduler.RowPage(rows: found.count, last: found.last?.id ?? after)
    for occurrence in found {
      #expect(!taken[stage].contains(occurrence.id))
      if isKnown(.row(stage: stage, occurrence.row)) {
        page.hits += 1
        answer([occurrence], of: stage)
      } else if occurrence.row % 11 == 10 {
        page.refused += 1
        settle([occurrence], of: stage, .failed(isRefused: true))
      } else {
        page.misses.append(Arrival(occurrence.id, row: occurrence.row))
      }
    }
    return page
  }

  private mutating func lookUp(_ stage: Int, _ group: String?) -> Scheduler.SetLookUp {
    let members = members(stage, group)
    if group != nil, members.isEmpty { return .empty }
    let digest = Digest(of: members.map { "\($0.row)" }.joined(separator: " "))
    if isKnown(.set(stage: stage, digest)) {
      answer(members, of: stage)
      return .known
    }
    let input = SetInput(digest: digest, count: members.count, complete: true)
    return members.count % 5 == 4 ? .refused(input) : .missing(input)
  }

  private mutating func isKnown(_ key: Key) -> Bool {
    if known.contains(key) { return true }
    guard !neverKnown.contains(key), random.below(4) == 0 else {
      neverKnown.insert(key)
      return false
    }
    known.insert(key)
    return true
  }

  private func members(_ stage: Int, _ group: String?) -> [Occurrence] {
    nodes[stage].from.flatMap { out[$0] }.filter { group == nil || self.group(of: $0, at: stage) == group }
  }

  private func group(of occurrence: Occurrence, at stage: Int) -> String {
    ancestors[stage].flatMap { occurrence.line[$0] }.map { "\($0)" } ?? ""
  }

  /// Whether the stages between the ancestor and the set have answered all rows of a group.
  private func isWhole(_ group: String, at stage: Int) -> Bool {
    guard let ancestor = ancestors[stage] else { return false }
    var (between, next): (Set<Int>, [Int]) = ([], nodes[stage].from)
    while let other = next.popLast() {
      if other != ancestor, between.insert(other).inserted { next += nodes[other].from }
    }
    return between.subtracting(skipped).allSatisfy { other in
      nodes[other].from.flatMap { out[$0] }.allSatisfy {
        $0.line[ancestor].map { "\($0)" } != group || taken[other].contains($0.id)
      }
    }
  }

  // MARK: Steps

  private mutating func start(_ flight: Flight) throws {
    let (stage, key) = (flight.stage, key(flight.stage, flight.input))
    #expect(!known.contains(key), "a step that exists is made again")
    #expect(!flights.contains { self.key($0.stage, $0.input) == key }, "a step is made twice at once")
    #expect(!isHalted || !nodes[stage].callsModels)
    #expect(begun.contains(stage) && finished[stage] == nil)
    flights.append(flight)
    #expect(flights.count { $0.stage == stage } <= nodes[stage].window)
    #expect(scheduler.stages[stage].rows.ready < nodes[stage].window + Self.pageSize)
  }

  private mutating func land() throws {
    guard !flights.isEmpty else { return }
    let flight = flights.remove(at: random.below(flights.count))
    var end = Scheduler.StepEnd.done(.one)
    switch random.below(halts ? 24 : 20) {
    case 0, 1: end = .failed(isRefused: random.below(2) == 0)
    case 2: end = .pending
    case 20...:
      end = .halted(.budget, message: "spent")
      isHalted = true
    default: break
    }
    settle(flight.members, of: flight.stage, end)
    if case .done = end { known.insert(key(flight.stage, flight.input)) }
    scheduler.handle(.ended(stage: flight.stage, flight.input, end))
  }

  private func key(_ stage: Int, _ input: Scheduler.StepInput) -> Key {
    switch input {
    case .row(let row): .row(stage: stage, row)
    case .set(let digest): .set(stage: stage, digest)
    }
  }

  private mutating func settle(_ rows: [Occurrence], of stage: Int, _ end: Scheduler.StepEnd) {
    switch end {
    case .done: answer(rows, of: stage)
    case .failed:
      hasFailed = true
      if nodes[stage].dropsFailures { taken[stage].formUnion(rows.map(\.id)) }
    case .pending, .halted: hasFailed = true
    }
  }

  private mutating func answer(_ rows: [Occurrence], of stage: Int) {
    for occurrence in rows {
      #expect(taken[stage].insert(occurrence.id).inserted, "a row is answered twice")
      guard !nodes[stage].isSet else { continue }
      // As a step would, the same row becomes the same rows.
      for copy in 0..<(occurrence.row % 3) { emit(stage, row: occurrence.row + copy, occurrence.line) }
    }
    guard nodes[stage].isSet else { return }
    for _ in 0..<random.below(rows.isEmpty ? 8 : 3) { emit(stage, row: Int64(random.below(12)), [:]) }
  }

  private mutating func emit(_ stage: Int, row: Int64, _ line: [Int: Int64]) {
    last += 1
    out[stage].append(Occurrence(id: last, row: row, line: line.merging([stage: last]) { $1 }))
  }

  // MARK: Ends

  private mutating func finish(_ stage: Int, _ settled: Bool) throws {
    #expect(finished.updateValue(settled, forKey: stage) == nil)
    #expect(!flights.contains { $0.stage == stage })
    let (from, using) = (nodes[stage].from, nodes[stage].using)
    if settled {
      #expect((from + using).allSatisfy { finished[$0] == true })
      #expect(from.flatMap { out[$0] }.allSatisfy { taken[stage].contains($0.id) })
    } else if begun.contains(stage), scheduler.stages[stage].hasBegun {
      #expect(from.allSatisfy { finished[$0] != nil })
    }
  }

  private func check(_ status: RunStatus) throws {
    #expect(flights.isEmpty)
    if !isHalted { #expect(nodes.indices.allSatisfy { (finished[$0] != nil) == nodes[$0].isNeeded }) }
    if status == .complete { #expect(!hasFailed && finished.values.allSatisfy { $0 }) }
    if !hasFailed, !isHalted { #expect(status == .complete) }
    if status == .budget || status == .interrupted { #expect(isHalted) }
  }
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
private struct Chance {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
  }

  /// One or two of the numbers below a bound.
  mutating func some(of bound: Int) -> [Int] {
    Array(Set([below(bound), below(bound)])).sorted()
  }
}
