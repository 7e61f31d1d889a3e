package import Foundation
package import RetortCore

/// A row as it is stored, made ready where it holds no writer up.
package struct PackedRow: Hashable, Sendable {
  package let digest: Data
  package let text: String

  package init(_ row: RetortCore.Row) {
    let json = row.json
    digest = Data(Digest(of: json).bytes)
    text = json.text
  }
}

/// A stage of a run as the queries address it: its ordinal in the file and those of the stages it takes rows from.
package struct StagePlace: Hashable, Sendable {
  package let run: Int64
  package let ordinal: Int
  package let from: [Int]
  /// The path of the ancestor row whose descendants are the set, under `per:`; nil for the whole set.
  package var scope: String?
  /// Whether the rows that it makes of its set come in the order of its answers.
  package let reorders: Bool
  /// Whether it takes a union of rounds: several inputs, also while there is but one round.
  let unites: Bool

  package init(
    run: Int64, ordinal: Int, from: [Int], scope: String? = nil, reorders: Bool = false, unites: Bool = false
  ) {
    self.run = run
    self.ordinal = ordinal
    self.from = from
    self.scope = scope
    self.reorders = reorders
    self.unites = unites
  }

  /// Whether its rows are told apart by the stage that they come from.
  var hasBranches: Bool { unites || from.count > 1 }

  /// The set of the rows that descend from the row at a path.
  package func group(_ scope: String) -> StagePlace {
    var group = self
    group.scope = scope
    return group
  }

  /// SQL that an occurrence is in the set: one range of paths, which an index finds. A descendant's path begins with its
  /// ancestor's and a dot. Paths are made of letters, digits, dots and `~`, of which only the dot sorts before `/`.
  func inScope(_ table: String) -> String {
    guard let scope else { return "TRUE" }
    return "(\(table).path >= '\(scope)' AND \(table).path < '\(scope)/')"
  }

  /// Joined to the path of a row that comes from the upstream stage at `index` of `from:`, so that two branches of
  /// one row stay apart after a union.
  func branch(_ upstream: Int) -> String {
    guard hasBranches, let index = from.firstIndex(of: upstream) else { return "" }
    return "." + StagePlace.component(index)
  }

  /// What the paths of rows begin with that take no other row's place: those of a reader, of a stage that reorders, and of
  /// a set that came to a row made of none.
  var own: String { (scope.map { $0 + "." } ?? "") + StagePlace.component(ordinal) }

  /// A number written so that text order is number order: a letter for the count of digits, then the digits.
  static func component(_ number: Int) -> String {
    let digits = String(number)
    return String(decoding: [UInt8(96 + digits.utf8.count)], as: UTF8.self) + digits
  }

  /// SQL for ``component(_:)`` of an integer expression.
  static func component(sql: String) -> String { "char(96 + length(\(sql))) || (\(sql))" }
}
