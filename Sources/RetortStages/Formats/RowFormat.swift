internal import RetortCore

/// How a file holds records: one file a format. What a record must be to become a row is ``RecordSource``'s.
protocol RecordFormat: Sendable {
  /// Hands on a file's records in their order, one at a time, so that memory does not grow with the file.
  ///
  /// Errors: ``StageError`` for a file that is none of this format; a record that is none is handed on as broken.
  func read(_ file: DataFile, _ take: (FileRecord) async throws -> Void) async throws
}

/// A format whose records can be looked at before a run: for what a step's key has of them.
protocol ScannedFormat: RecordFormat {
  func scan(_ file: DataFile, _ take: (FileRecord) throws -> Void) throws
}

/// A record of a file, or why there is none at its place.
struct FileRecord: Sendable {
  enum Place: Hashable, Sendable, CustomStringConvertible {
    /// From 1, as an editor counts.
    case line(Int, column: Int? = nil)
    /// From 0.
    case record(Int)
    /// From 1.
    case row(Int)

    var description: String {
      switch self {
      case .line(let line, let column): "line \(line)" + (column.map { ", column \($0)" } ?? "")
      case .record(let number): "record \(number)"
      case .row(let number): "row \(number)"
      }
    }
  }

  let place: Place
  /// The detail of a broken one says nothing of the place.
  let value: Result<JSON, BadRow>

  init(_ place: Place, _ value: JSON) {
    self.place = place
    self.value = .success(value)
  }

  init(_ place: Place, broken: BadRow) {
    self.place = place
    value = .failure(broken)
  }
}

/// How rows are written to a text file.
protocol RowLayout: Sendable {
  /// What stands before the first row, between two, and after the last.
  var head: String { get }
  var between: String { get }
  var foot: String { get }

  /// Errors: ``BadRow`` for one that cannot be written.
  func text(of row: JSON) throws -> String
}
