internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Takes back what a person said of rows: the accepted go on, the edited with what was edited, the rejected end here with
/// the note. Rows without a verdict wait.
package struct ReadReview: RowStage {
  package struct Config: Codable, Sendable {
    package var file: AwaitedFiles
    package var edit: [String]?
    package var reviewer: String?
    package var encoding: String?

    package init(
      file: AwaitedFiles, edit: [String]? = nil, reviewer: String? = nil, encoding: String? = nil
    ) {
      self.file = file
      self.edit = edit
      self.reviewer = reviewer
      self.encoding = encoding
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "read-review"
  package static let version = 1
  package static let summary =
    "Take back what a person said of each row in a file of export-review: accepted, edited or rejected."
  package static let keys = [
    "file":
      "The copy that the person saved, under another name than the export's: .csv or .jsonl; several people's as a list or "
      + "with wildcards. While one is missing, and for rows without a verdict, the run waits (status 6); accept, reject and "
      + "edit are verdicts.",
    "edit":
      "The columns that the person may change, with the verdict edit; a row whose other columns were changed fails. "
      + "Default: none.",
    "reviewer": "Who judged the rows whose column 'reviewer' is empty. Default: nobody is named.",
    "encoding": "What a CSV file is written in, such as windows-1252; default UTF-8.",
  ]
  package static let sets = [
    SetRole(
      "review", required: false, columns: ["path"],
      help: "The export-review of these rows: lines of rows that its file does not have are told.")
  ]

  private let config: Config
  private let lines: Once<Result<ReviewLines, StageError>>

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    for entry in config.file.entries { _ = try ReviewSheet.isCSV(entry.path) }
    if config.edit?.isEmpty == true { throw StageError("edit: expected at least one column, found none") }
    if let own = config.edit?.first(where: ReviewSheet.own.contains) {
      throw StageError("edit: expected columns of the rows, found '\(own)', which is the file's own")
    }
    let exported = workspace.set("review", as: Columns.self)
    lines = Once {
      do {
        var lines = ReviewLines()
        for file in config.file.files { try await lines.read(file, encoding: config.encoding) }
        if let exported, let words = await lines.strangers(to: exported, in: workspace) {
          workspace.say(words)
        }
        return .success(lines)
      } catch let error as StageError {
        // Kept, so that each row fails for it without reading the file again.
        return .failure(error)
      }
    }
  }

  package var reads: [ColumnUse] { config.edit?.map { ColumnUse($0) } ?? [] }
  package var adds: [String]? { ReviewSheet.said + ReviewSheet.signed }
  package var passed: PassedColumns { config.edit.map { .changing($0) } ?? .all }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    let id = ReviewSheet.id(of: input.values)
    let found = try await lines.value.get()[id]
    // Each person's file may have all rows, and one of them a verdict.
    let judged = found.count == 1 ? found : found.filter { $0.text("verdict") != nil }
    guard judged.count < 2, found.count < 2 || Set(found.map(\.file)).count == found.count else {
      throw repeated(found, id)
    }
    guard let line = judged.first, let verdict = try verdict(of: line) else { throw waiting }
    let reviewer = line.text(ReviewSheet.signed[0]) ?? config.reviewer
    if verdict == .reject {
      let note = [reviewer, line.text("note")].compactMap(\.self).joined(separator: ": ")
      return .drop(reason: "rejected", detail: note)
    }
    var columns = try edits(of: input, by: line, verdict)
    columns["verdict"] = .string(verdict.rawValue)
    columns["note"] = line.text("note").map { .string($0) } ?? .null
    columns[ReviewSheet.signed[0]] = reviewer.map { .string($0) } ?? .null
    columns[ReviewSheet.signed[1]] = line.text(ReviewSheet.signed[1]).map { .string($0) } ?? .null
    return .emit([Columns(columns)])
  }

  /// For the file that is not there, or for what is not written in those that are.
  private var waiting: Halt {
    let missing = config.file.missing.map { "'\($0)', which is not there yet" }
    return Halt(.waiting, missing ?? "a verdict in \(config.file.name)")
  }

  private func repeated(_ lines: [ReviewLine], _ id: String) -> StageError {
    let files = Set(lines.map(\.file))
    let places =
      files.count == 1
      ? lines.map(\.place).joined(separator: ", ")
      : lines.map { "\($0.file), \($0.place)" }.joined(separator: "; ")
    let what = files.count == 1 ? "one line" : "one verdict"
    return StageError(
      "\(files.count == 1 ? lines[0].file : "file"): expected \(what) for \(id), found \(lines.count): \(places)"
    )
  }

  /// Nil where there is none yet. Errors: ``StageError``.
  private func verdict(of line: ReviewLine) throws -> ReviewSheet.Verdict? {
    guard let word = line.text("verdict") else { return nil }
    guard let verdict = ReviewSheet.Verdict(rawValue: word.lowercased()) else {
      throw fault(line, "expected accept, reject or edit under 'verdict', found '\(word.prefix(100))'")
    }
    return verdict
  }

  /// The columns that have another value in the file. Errors: ``StageError``, for those that may not and for a verdict that
  /// says otherwise.
  private func edits(of row: Columns, by line: ReviewLine, _ verdict: ReviewSheet.Verdict) throws
    -> JSON.Object
  {
    var edits: JSON.Object = [:]
    for (name, old) in row.values {
      guard let cell = line[name], !cell.says(old) else { continue }
      guard config.edit?.contains(name) == true else {
        throw fault(
          line,
          "expected '\(name)' as it was written, since 'edit:' does not name it; found \(cell.excerpt) in place of "
            + "'\(ReviewCell.short(old))'")
      }
      guard verdict == .edit else {
        throw fault(
          line,
          "expected the verdict edit where '\(name)' is another one, found accept with \(cell.excerpt) in place of "
            + "'\(ReviewCell.short(old))'")
      }
      guard let new = cell.value(like: old) else {
        throw fault(line, "expected \(old.kind) in '\(name)', found \(cell.excerpt)")
      }
      edits[name] = new
    }
    if verdict == .edit, edits.isEmpty {
      let columns = config.edit?.joined(separator: ", ") ?? "none, since 'edit:' names none"
      throw fault(
        line, "expected another value in a column that may be edited (\(columns)), found all as it was")
    }
    return edits
  }

  private func fault(_ line: ReviewLine, _ words: String) -> StageError {
    StageError("\(line.file), \(line.place): \(words)")
  }
}
