package import Foundation

/// What a stage is given beside its configuration: the models, its whole-set inputs, and a place for files.
package struct Workspace: Sendable {
  /// The pipeline file's folder, which every path in the file is relative to.
  package let folder: URL
  /// Added to the names of exports by `--limit`.
  package let exportSuffix: String
  /// How many stages `from:` names.
  package let branches: Int
  /// Whether the rows come in groups, by `per:`.
  package let isGrouped: Bool
  /// Of the rounds of the pipeline, where the stage is in one; 1 outside of all.
  package let round: Int
  /// The pipeline's fingerprint, as manifests and the view `runs` say it; nil outside a run.
  package let pipeline: Digest?
  /// What remembers the files that exports write.
  package let ledger: any FileLedger
  /// What reads databases that belong to others.
  package let databases: any DatabaseReading
  /// Tells whoever runs the pipeline what is no failure and should be known.
  package let say: @Sendable (String) -> Void
  /// For programs that the stage starts.
  package let surroundings: ProgramSurroundings
  let models: any ModelProvider
  let tools: ToolServices
  let sets: [String: RowSet<Columns>]
  /// Where the bytes of images lie that rows name.
  package var images: any ImageShelf { tools.images }
  /// How the stage asks that is named under `prompt_from:`.
  package internal(set) var prompt: RenderedPrompt?

  package init(
    folder: URL, models: any ModelProvider, sets: [String: RowSet<Columns>] = [:], exportSuffix: String = "",
    branches: Int = 1, isGrouped: Bool = false, round: Int = 1, pipeline: Digest? = nil,
    ledger: any FileLedger = MemoryLedger(), databases: (any DatabaseReading)? = nil,
    surroundings: ProgramSurroundings = ProgramSurroundings(),
    tools: ToolServices = ToolServices(),
    say: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.folder = folder
    self.models = models
    self.sets = sets
    self.exportSuffix = exportSuffix
    self.branches = branches
    self.isGrouped = isGrouped
    self.round = round
    self.pipeline = pipeline
    self.ledger = ledger
    self.databases = databases ?? NoDatabases()
    self.surroundings = surroundings
    self.tools = tools
    self.say = say
  }

  package func chat(_ model: ModelRef) throws -> any ChatModel { try models.chat(model) }
  package func embedding(_ model: ModelRef) throws -> any EmbeddingModel { try models.embedding(model) }
  package func reward(_ model: ModelRef) throws -> any RewardModel { try models.reward(model) }
  package func scorer(_ model: ModelRef) throws -> any LogprobModel { try models.scorer(model) }
  package func tokens(_ model: ModelRef) throws -> any TokenModel { try models.tokens(model) }

  package func entailment(_ model: ModelRef) throws -> any EntailmentModel { try models.entailment(model) }

  /// Whether `using:` names a set for this role.
  package func has(_ role: String) -> Bool { sets[role] != nil }

  /// The whole-set input of a role, walked as another type; nil when the pipeline names none. Waited for before the
  /// stage's first row.
  package func set<Value: Decodable & Sendable>(_ role: String, as type: Value.Type) -> RowSet<Value>? {
    sets[role].map { RowSet<Value>(count: $0.count, isComplete: $0.isComplete, page: $0.page) }
  }

  /// A written file as its row says it: a path seen from the pipeline file's folder, so that moving the folder does
  /// not make an export anew. Files under a `name` that is an absolute path stay where they are.
  package func recorded(_ file: ExportedFile, under name: String) -> ExportedFile {
    guard !name.hasPrefix("/") else { return file }
    return ExportedFile(
      path: Self.relative(file.path, to: folder), sha256: file.sha256, rows: file.rows)
  }

  /// A path as seen from a folder.
  package static func relative(_ path: String, to folder: URL) -> String {
    let root = folder.standardizedFileURL.pathComponents
    let parts = URL(filePath: path).standardizedFileURL.pathComponents
    let shared = zip(root, parts).prefix { $0 == $1 }.count
    return (Array(repeating: "..", count: root.count - shared) + parts.dropFirst(shared)).joined(
      separator: "/")
  }

  /// Where a file named in the pipeline is to be written: beside its name as `.limited` under `--limit`
  /// (`a.jsonl` becomes `a.limited.jsonl`).
  package func exportURL(_ path: String) -> URL {
    let url = URL(filePath: path, relativeTo: folder).standardizedFileURL
    guard !exportSuffix.isEmpty else { return url }
    let stem = url.deletingPathExtension().lastPathComponent
    let name = url.pathExtension.isEmpty ? stem + exportSuffix : "\(stem)\(exportSuffix).\(url.pathExtension)"
    return url.deletingLastPathComponent().appending(path: name)
  }
}

/// Where a workspace gets its models from. The engine's own hands out remembered, limited, retrying ones; a test's
/// hands out scripted ones.
package protocol ModelProvider: Sendable {
  /// The same models, each of whose requests is made on behalf of `origin`.
  func asked(by origin: CallOrigin) -> any ModelProvider
  func chat(_ model: ModelRef) throws -> any ChatModel
  func embedding(_ model: ModelRef) throws -> any EmbeddingModel
  func reward(_ model: ModelRef) throws -> any RewardModel
  func scorer(_ model: ModelRef) throws -> any LogprobModel
  func tokens(_ model: ModelRef) throws -> any TokenModel
  func entailment(_ model: ModelRef) throws -> any EntailmentModel
}

extension ModelProvider {
  /// For models that book nothing.
  package func asked(by origin: CallOrigin) -> any ModelProvider { self }

  package func tokens(_ model: ModelRef) throws -> any TokenModel {
    throw ModelError(
      .unsupported, "expected a server that counts tokens, found none for '\(model.spec.alias)'")
  }

  package func entailment(_ model: ModelRef) throws -> any EntailmentModel {
    throw ModelError(
      .unsupported, "expected a model that judges entailment, found none for '\(model.spec.alias)'")
  }
}

/// A value computed on first use and shared by every row of a stage; a failure is not kept, the next user tries again.
package actor Once<Value: Sendable> {
  private let make: @Sendable () async throws -> Value
  private var task: Task<Value, any Error>?

  package init(_ make: @escaping @Sendable () async throws -> Value) { self.make = make }

  package var value: Value {
    get async throws {
      if let task { return try await task.value }
      let made = Task { try await make() }
      task = made
      do {
        return try await withTaskCancellationHandler {
          try await made.value
        } onCancel: {
          made.cancel()
        }
      } catch {
        task = nil
        throw error
      }
    }
  }
}
