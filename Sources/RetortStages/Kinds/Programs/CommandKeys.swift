internal import OrderedCollections
package import RetortCore

/// The keys that say which program a stage gives its rows to, and which columns come back.
package struct CommandKeys: Codable, Sendable {
  package var run: ProgramLine
  package var files: [DataFile]?
  package var columns: [String]?
  package var adds: [String]?
  package var mayAdd: [String]?
  package var timeout: Double?
  package var maxLine: Int?
  package var env: [String]?

  package enum CodingKeys: String, CodingKey {
    case run, files, columns, adds, timeout, env
    case mayAdd = "may_add"
    case maxLine = "max_line"
  }

  package init(
    run: ProgramLine, files: [DataFile]? = nil, columns: [String]? = nil, adds: [String]? = nil,
    mayAdd: [String]? = nil, timeout: Double? = nil, maxLine: Int? = nil, env: [String]? = nil
  ) {
    self.run = run
    self.files = files
    self.columns = columns
    self.adds = adds
    self.mayAdd = mayAdd
    self.timeout = timeout
    self.maxLine = maxLine
    self.env = env
  }

  /// Without what bounds a program and changes none of its answers.
  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(run, forKey: .run)
    try fields.encodeIfPresent(files, forKey: .files)
    try fields.encodeIfPresent(columns, forKey: .columns)
    try fields.encodeIfPresent(adds, forKey: .adds)
    try fields.encodeIfPresent(mayAdd, forKey: .mayAdd)
  }

  static let help = [
    "run":
      "The program, relative to the pipeline file or found on the PATH, and its arguments. Its content counts; where it is no script (python3 my-step.py) that of the first argument which is a file.",
    "files": "Files that it reads: their content counts as the program's does.",
    "columns": "The columns that it is given; all when left out.",
    "adds": "The columns that each of its rows has.",
    "may_add": "Columns that its rows may have; null where they have them not.",
    "max_line": "Bytes of a line that it may write; default 64000000.",
    "env": "Variables that hold keys and that it is to see; it sees all that hold none.",
  ]

  var declared: [String] { (adds ?? []) + (mayAdd ?? []) }

  /// What it is given of a row.
  func shown(_ row: JSON.Object) -> JSON.Object {
    guard let columns else { return row }
    return JSON.Object(columns.map { ($0, row[$0] ?? .null) }) { first, _ in first }
  }

  /// A row of its answer, with every column that was declared and no other. Errors: ``StageError``.
  func row(_ answer: JSON?) throws -> Columns {
    guard let fields = answer?.object else {
      throw StageError("expected an object of columns, found \(answer?.kind ?? "none")")
    }
    if let other = fields.keys.first(where: { !declared.contains($0) }) {
      throw StageError(
        "expected the columns that 'adds:' and 'may_add:' name (\(declared.joined(separator: ", "))), found '\(other.prefix(80))'"
      )
    }
    var row = Columns()
    for name in adds ?? [] {
      guard let value = fields[name] else { throw StageError("expected the column '\(name)', found none") }
      row[name] = value
    }
    for name in mayAdd ?? [] { row[name] = fields[name] ?? .null }
    return row
  }

  /// The reason of a drop, to count by, and what the row did. Errors: ``StageError``.
  static func drop(_ answer: JSON) throws -> (reason: String, detail: String) {
    guard let reason = answer["drop"]?.string, !reason.trimmed.isEmpty, reason.count <= 100 else {
      throw StageError(
        "expected a reason of 1 to 100 characters under 'drop', to count by, with what the row did under 'detail'"
      )
    }
    let detail = answer["detail"]
    return (reason.trimmed, String((detail?.string ?? detail?.text ?? "").prefix(2000)))
  }

  /// Errors: ``StageErrors`` for values that are out of bounds, and columns that come twice.
  func check() throws {
    var errors: [StageError] = []
    for (key, names) in [("adds", adds), ("may_add", mayAdd), ("columns", columns)] {
      var seen: Set<String> = key == "may_add" ? Set(adds ?? []) : []
      for name in names ?? [] where !seen.insert(name).inserted {
        errors.append(StageError("\(key): expected each column once, found '\(name)' twice"))
      }
    }
    if let timeout, !(timeout > 0 && timeout <= 1e7) {
      errors.append(StageError("timeout: expected seconds above 0, found \(timeout)"))
    }
    if let maxLine, !(1...150_000_000).contains(maxLine) {
      errors.append(StageError("max_line: expected 1 to 150000000 bytes, found \(maxLine)"))
    }
    guard errors.isEmpty else { throw StageErrors(errors) }
  }

  var longest: Int { maxLine ?? 64_000_000 }

  func program(in workspace: Workspace) -> HelperProgram {
    HelperProgram(
      run.words, folder: workspace.folder, in: workspace.surroundings, naming: Set(env ?? []))
  }

  /// Errors: ``StageError`` where a file is not the one that the step's key has.
  func checkUnchanged() throws {
    for file in run.files + (files ?? []) { try file.checkUnchanged() }
  }
}
