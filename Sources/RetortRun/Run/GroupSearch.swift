internal import OrderedCollections
internal import RetortCore

/// Finds the groups of a set that have all their rows, while more rows arrive.
struct GroupSearch: Sendable {
  /// Groups that are looked at again, at most, with those of which rows have come.
  static let turns = 64

  /// Groups of which rows have come since they were last looked at.
  private var arrived: OrderedSet<String> = []
  /// Groups that were whole.
  private var met: Set<String> = []
  /// Groups of which rows have come, and more may.
  private var open: Set<String> = []
  /// The open ones in the order in which they are looked at again; some of these may be open no more.
  private var waiting: ArraySlice<String> = []
  /// Whether no more groups come: upstream has finished, and all have been looked at or are to be.
  private(set) var isClosed = false

  var candidates: Int { arrived.count }

  /// - Parameter groups: of rows that have come; one may be named several times.
  mutating func add(_ groups: [String]) {
    // A row may have come between the look at its branch and the one that found its group whole.
    for group in groups where !met.contains(group) { arrived.append(group) }
  }

  /// - Parameter groups: all there are. What is not whole by now never will be.
  mutating func close(with groups: [String]) {
    isClosed = true
    arrived = OrderedSet(groups.lazy.filter { [met] in !met.contains($0) })
    (met, open, waiting) = ([], [], [])
  }

  /// The groups to be looked at now, nil when rows of none have come. Among them are some in which rows came before: a
  /// group whose last rows were dropped is found by a later look.
  mutating func takeCandidates() -> [String]? {
    guard !arrived.isEmpty else { return nil }
    var candidates = Array(arrived)
    var left = Self.turns
    while left > 0, let group = waiting.popFirst() {
      guard open.remove(group) != nil, !arrived.contains(group) else { continue }
      candidates.append(group)
      left -= 1
    }
    arrived = []
    return candidates
  }

  /// The whole ones of the groups that were looked at.
  mutating func checked(_ checks: [GroupCheck]) -> [String?] {
    var whole: [String?] = []
    for check in checks {
      if check.isWhole {
        whole.append(check.group)
        open.remove(check.group)
        if !isClosed { met.insert(check.group) }
      } else if !isClosed, open.insert(check.group).inserted {
        waiting.append(check.group)
      }
    }
    return whole
  }
}

/// Whether a group has all its rows.
struct GroupCheck: Hashable, Sendable {
  let group: String
  let isWhole: Bool
}
