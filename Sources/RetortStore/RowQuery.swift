internal import RetortCore

/// Which rows of a stage a page shows, and in what order.
package struct RowQuery: Hashable, Sendable {
  package struct Filter: Hashable, Sendable {
    package var column: String
    package var test: Test
    package var value: String

    package init(column: String, test: Test, value: String) {
      self.column = column
      self.test = test
      self.value = value
    }
  }

  /// How a value is compared with the text that was typed.
  package enum Test: String, Hashable, Sendable, CaseIterable {
    /// The text, or the JSON text of a value that is none.
    case equals = "is"
    case contains
    /// Numbers only.
    case atLeast = "at-least"
    case atMost = "at-most"
  }

  package struct Order: Hashable, Sendable {
    package var column: String
    package var descending: Bool

    package init(column: String, descending: Bool = false) {
      self.column = column
      self.descending = descending
    }
  }

  package var run: Int64
  /// Ordinal in the pipeline file.
  package var stage: Int
  /// Columns that are shown, in order.
  package var columns: [String]
  /// Text that any value contains; empty for all rows. Letters A to Z match in both cases.
  package var search: String
  package var filter: Filter?
  /// Nil for the rows' own order.
  package var order: Order?
  /// The position in that order, from 0, at which to begin to look.
  package var from: Int
  package var limit: Int

  package init(
    run: Int64, stage: Int, columns: [String], search: String = "", filter: Filter? = nil,
    order: Order? = nil,
    from: Int = 0, limit: Int = 50
  ) {
    self.run = run
    self.stage = stage
    self.columns = columns
    self.search = search
    self.filter = filter
    self.order = order
    self.from = from
    self.limit = limit
  }
}

/// Rows found within the time that a page may take.
package struct RowPage: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var occurrence: Int64
    /// `r_…`
    package var id: String
    /// The record it descends from, as `questions:7`.
    package var source: String
    /// The beginnings of the columns' values as text, in the query's order; nil where there is none.
    package var cells: [String?]
  }

  package var entries: [Entry]
  /// All rows of the stage, matching or not.
  package var total: Int
  /// The position at which to look further; nil when all rows were looked at.
  package var next: Int?
  /// How many rows the order takes account of; fewer than `total` while the rest has yet to be sorted.
  package var sorted: Int
}
