internal import Synchronization

/// A stage that writes a set of rows to files. What goes on is a row for each file, which must be on disk for the step to
/// be done.
package protocol Exporter: RowTaking where Output == ExportedFile {
  /// The keys of ``StageKind/Config`` that say where to write.
  static var destinations: [Destination] { get }

  /// Whether a file that was edited is its file still: while its rows are the same, nothing is written.
  static var leavesEdits: Bool { get }

  /// The files that it may write, or that an earlier run of it may have written.
  var writes: [ExportTarget] { get }

  /// Writes the files and answers with them; every row that it does not drop is in them.
  func export(_ rows: RowSet<Input>, dropping sink: ExportSink) async throws -> [ExportedFile]
}

extension Exporter {
  package static var keepsFiles: Bool { true }
  package static var leavesEdits: Bool { false }
}

/// A key under `with:` that says where an export writes.
package struct Destination: Hashable, Sendable {
  package let key: String
  /// Whether it names a folder, with a manifest in it; else it names a file, with a manifest beside it.
  package let isFolder: Bool
  /// Whether its folder is to be loaded as a dataset, so that files of no other format may be in it or below it.
  package let isDataset: Bool

  package init(_ key: String, isFolder: Bool, isDataset: Bool = false) {
    self.key = key
    self.isFolder = isFolder
    self.isDataset = isDataset
  }

  package static let file = Destination("file", isFolder: false)
  package static let datasetFile = Destination("file", isFolder: false, isDataset: true)
  package static let folder = Destination("folder", isFolder: true)
}

/// Where an export says which rows are in none of its files.
package final class ExportSink: Sendable {
  private let accept: SetAnswer.Accept
  private let left = Mutex<Set<Int>>([])

  package init(accept: @escaping SetAnswer.Accept) { self.accept = accept }

  package var dropped: Set<Int> { left.withLock { $0 } }

  /// The row ends here.
  package func drop(_ ordinal: Int, reason: String, detail: String = "") async throws {
    _ = left.withLock { $0.insert(ordinal) }
    try await accept(.drop(ordinal, reason: reason, detail: detail))
  }
}
