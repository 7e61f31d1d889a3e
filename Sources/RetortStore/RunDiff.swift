package import RetortCore

/// How two runs differ.
package struct RunDiff: Codable, Hashable, Sendable {
  package struct Stage: Codable, Hashable, Sendable {
    package var stage: String
    /// Nil where only the other run has the stage.
    package var old: Books?
    package var new: Books?
    /// Rows of one run whose place in the other is empty.
    package var onlyOld: Int
    package var onlyNew: Int
    /// Rows at the same place with other values.
    package var other: Int
    /// The first of them.
    package var examples: [Example]

    enum CodingKeys: String, CodingKey {
      case stage, old, new, other, examples
      case onlyOld = "only_old"
      case onlyNew = "only_new"
    }

    package init(
      stage: String, old: Books?, new: Books?, onlyOld: Int = 0, onlyNew: Int = 0, other: Int = 0,
      examples: [Example] = []
    ) {
      self.stage = stage
      self.old = old
      self.new = new
      self.onlyOld = onlyOld
      self.onlyNew = onlyNew
      self.other = other
      self.examples = examples
    }
  }

  /// A place at which the runs have not the same row.
  package struct Example: Codable, Hashable, Sendable {
    /// The record it descends from, as `questions:7`.
    package var source: String
    /// The rows, `r_…`; nil where a run has none.
    package var old: String?
    package var new: String?
    /// Columns whose values differ.
    package var columns: [String]

    package init(source: String, old: String?, new: String?, columns: [String]) {
      self.source = source
      self.old = old
      self.new = new
      self.columns = columns
    }
  }

  /// What a stage whose settings changed made the later run do again: its rows, and those of the stages after it.
  package struct Redone: Codable, Hashable, Sendable {
    package struct Stage: Codable, Hashable, Sendable {
      package var stage: String
      /// Rows that no earlier step answered, and all that it answered.
      package var rows: Int
      package var of: Int

      package init(stage: String, rows: Int, of: Int) {
        self.stage = stage
        self.rows = rows
        self.of = of
      }
    }

    package var by: String
    package var stages: [Stage]

    package init(by: String, stages: [Stage]) {
      self.by = by
      self.stages = stages
    }
  }

  package struct Side: Codable, Hashable, Sendable {
    package var run: Int64
    package var status: String
    package var calls: CallTally
  }

  package var old: Side
  package var new: Side
  package var changed: [Difference]
  /// In the order of the file, those that redid anything.
  package var redone: [Redone]
  package var stages: [Stage]
}
