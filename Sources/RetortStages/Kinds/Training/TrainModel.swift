internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Has a program of the user's train a model on what exports of the run wrote, and takes what came of it as a row.
package struct TrainModel: SetStage {
  package struct Config: Codable, Sendable {
    package var run: ProgramLine
    package var folder: String
    package var files: [DataFile]?
    package var seed: Int64?
    package var adds: [String]?
    package var timeout: Double?
    package var env: [String]?

    package init(
      run: ProgramLine, folder: String, files: [DataFile]? = nil, seed: Int64? = nil, adds: [String]? = nil,
      timeout: Double? = nil, env: [String]? = nil
    ) {
      self.run = run
      self.folder = folder
      self.files = files
      self.seed = seed
      self.adds = adds
      self.timeout = timeout
      self.env = env
    }

    private enum CodingKeys: String, CodingKey { case run, folder, files, seed, adds, timeout, env }

    /// Without what bounds the program and changes nothing of what it trains.
    package func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(run, forKey: .run)
      try fields.encode(folder, forKey: .folder)
      try fields.encodeIfPresent(files, forKey: .files)
      try fields.encodeIfPresent(seed, forKey: .seed)
      try fields.encodeIfPresent(adds, forKey: .adds)
    }
  }

  package struct Input: Decodable, Sendable {
    package var path: String

    package init(path: String) { self.path = path }
  }

  package typealias Output = Columns

  package static let name = "train-model"
  package static let version = 1
  package static let summary =
    "Have a program of your own train a model on the files that exports wrote, and take what came of it as a row."
  package static let keys = [
    "run": CommandKeys.help["run"] ?? "",
    "folder": "Where it puts what it trains, relative to the pipeline file; RETORT_OUT in its environment.",
    "files": "Files that it reads beside those of the exports: their content counts as the program's does.",
    "seed": "RETORT_SEED in its environment; default 0.",
    "adds":
      "Numbers or words of its last line that become columns; what else it says is in the column metrics.",
    "timeout": "Seconds in which the program writes no line; default 3600.",
    "env": "Variables that hold keys and that it is to see; it sees all that hold none.",
  ]
  /// Another round, and a redo, is another training.
  package static let drawsSamples = true
  package static let keepsFiles = true
  package static let numberedKeys: Set = ["folder"]

  /// It asks no model.
  package static func workload(of config: Config) -> Workload { Workload { _ in 0...0 } }

  private let config: Config
  private let workspace: Workspace

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    self.workspace = workspace
    var errors: [StageError] = []
    var seen = Set(TrainedModel.columns)
    for name in config.adds ?? [] where !seen.insert(name).inserted {
      errors.append(
        StageError(
          "adds: expected columns once, beside \(TrainedModel.columns.joined(separator: ", ")), found '\(name)' again"
        ))
    }
    if let timeout = config.timeout, !(timeout > 0 && timeout <= 1e7) {
      errors.append(StageError("timeout: expected seconds above 0, found \(timeout)"))
    }
    if config.folder.trimmed.isEmpty { errors.append(StageError("folder: expected a path, found none")) }
    guard errors.isEmpty else { throw StageErrors(errors) }
  }

  package var adds: [String]? { TrainedModel.columns + (config.adds ?? []) }

  package func process(_ rows: RowSet<Input>, into sink: MakingSink<Columns>) async throws {
    let paths = try await rows.all().map(\.value.path)
    guard !paths.isEmpty else { return }
    for file in config.run.files + (config.files ?? []) { try file.checkUnchanged() }
    let line = try await lastLine(of: try program(on: paths))
    let trained = try TrainedModel(line, adds: config.adds ?? [], program: workspace.folder)
    let shown =
      config.folder.hasPrefix("/")
      ? trained.url.path : Workspace.relative(trained.url.path, to: workspace.folder)
    try await sink.make(try trained.row(path: shown), from: Array(paths.indices))
  }

  /// Errors: ``StageError`` where an export's file is not there.
  private func program(on paths: [String]) throws -> HelperProgram {
    let files = try paths.map { path in
      let url = URL(filePath: path, relativeTo: workspace.folder).standardizedFileURL
      guard FileKind(following: url) != nil else {
        throw StageError("expected the file of an export at '\(path)', found nothing there")
      }
      return url.path
    }
    return HelperProgram(
      config.run.words, folder: workspace.folder, in: workspace.surroundings, naming: Set(config.env ?? []),
      setting: [
        "RETORT_FILES": files.joined(separator: "\n"),
        "RETORT_OUT": workspace.exportURL(config.folder).path,
        "RETORT_ROUND": "\(workspace.round)",
        "RETORT_SEED": "\(config.seed ?? 0)",
      ])
  }

  /// Tells what the program says line by line; the last line is its answer. Errors: ``StageError``.
  private func lastLine(of program: HelperProgram) async throws -> String {
    let talk = try SetTalk(program, longest: 1_000_000, patience: config.timeout ?? 3600)
    return try await withThrowingTaskGroup(of: String?.self) { group in
      // Before the other is waited for, which waits for the program.
      defer { talk.end() }
      talk.closeInput()
      group.addTask { try await self.listen(to: talk) }
      group.addTask {
        try await talk.watch()
        return nil
      }
      defer { group.cancelAll() }
      // The second never ends by itself.
      return try await group.next().flatMap(\.self) ?? ""
    }
  }

  private func listen(to talk: SetTalk) async throws -> String {
    var last: String?
    for await sign in talk.signs {
      switch sign {
      case .line(let line):
        // Only the next one says that it was not the last.
        if let last { workspace.say(last) }
        last = String(decoding: line, as: UTF8.self).trimmed
        talk.isHeard()
      case .overlong:
        throw StageError("expected lines of at most 1000000 bytes from the program, found a longer one")
      case .ended(let how):
        guard how == "with status 0" else { throw StageError("the program ended \(how)\(talk.lastWords)") }
        guard let last else {
          throw StageError("expected a line of JSON from the program, found none\(talk.lastWords)")
        }
        return last
      }
    }
    throw CancellationError()
  }
}
