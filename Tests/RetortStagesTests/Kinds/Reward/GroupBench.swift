import Foundation
import OrderedCollections
import Testing

@testable import RetortCore
@testable import RetortStages

/// What a set stage answered, by row.
struct GroupAnswers {
  var kept: [Int: JSON.Object] = [:]
  var dropped: [Int: String] = [:]
  var made: [JSON.Object] = []
  var members: [[Int]] = []
  var consumed: [Int] = []

  init<S: SetStage>(_ stage: S, _ rows: [JSON]) async throws {
    for answer in try await Bench.answers(of: stage, to: rows) {
      switch answer {
      case .keep(let row, let columns): kept[row] = columns
      case .drop(let row, let reason, _): dropped[row] = reason
      case .make(let columns, let rows):
        made.append(columns)
        members.append(rows)
      case .consume(let row): consumed.append(row)
      case .reject, .fan: Issue.record("unexpected: \(answer)")
      }
    }
  }

  func column(_ name: String) -> [Int: Double] { kept.compactMapValues { $0[name]?.number } }
}

/// Rows that no stage can take of a group.
let badRollouts: [JSON] = [
  ["group": "b", "correct": true, "reward": nil, "length": 5],
  ["group": "b", "correct": nil, "reward": "NaN", "length": 5],
  ["group": "b", "correct": 0.5, "reward": .double(.infinity), "length": 5],
  ["group": "b", "correct": true, "reward": .double(.nan), "length": 0],
  ["group": "b", "correct": true, "reward": 1, "length": 0],
  ["group": "b", "correct": true, "reward": 1],
  ["correct": true, "reward": 1, "length": 5],
  ["group": "alone", "correct": true, "reward": 1, "length": 5],
  ["group": "m", "question": "x", "correct": true, "reward": 1, "length": 5],
  ["group": "m", "question": "y", "correct": true, "reward": 1, "length": 5],
]

/// What becomes of the last of them, whatever the stage.
let badRolloutFates = [
  "bad length", "bad length", "no group", "group of one", "mixed group", "mixed group",
]
