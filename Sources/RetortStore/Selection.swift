package import Foundation
internal import RetortCore

/// Which of a source's rows go on: the one place that cuts a run.
///
/// What is chosen keeps its path and its content, and so the keys of its steps: a later run over more rows finds them
/// done.
package enum Selection: Hashable, Sendable {
  case all
  /// The first rows, in the order of the source.
  case first(Int)
  /// So many rows by chance, in the order of the source. Each row's lot depends on the seed and on its content alone
  /// (equal rows are told apart by which copy they are): the same rows are chosen whatever stands around them, and a
  /// larger sample holds the smaller one.
  case sample(Int, seed: Int)

  package var cuts: Bool { self != .all }

  /// How many rows from the beginning are to be looked at; nil for all of them.
  package var reach: Int? { if case .first(let count) = self { count } else { nil } }

  /// The positions of the rows that go on, ascending; nil for all of them.
  ///
  /// - Parameter digests: of the source's rows, in order.
  package func chosen(of digests: [Data]) -> [Int]? {
    switch self {
    case .all: return nil
    case .first(let count): return Array(digests.indices.prefix(count))
    case .sample(let count, let seed):
      guard count < digests.count else { return nil }
      var copies: [Data: Int] = [:]
      let lots = digests.map { digest in
        let copy = copies[digest, default: 0]
        copies[digest] = copy + 1
        let hex = digest.map { String($0, radix: 16) }.joined(separator: ".")
        return SeededOrder.position(of: "\(hex):\(copy)", seed: seed)
      }
      return digests.indices.sorted { (lots[$0], $0) < (lots[$1], $1) }.prefix(count).sorted()
    }
  }
}
