internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortHTTP
internal import RetortStages
internal import RetortStore

struct EvaluateCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Score predicted parsings against gold rows, as the shared task LLM-SR does.",
    discussion: """
      Both files are a JSON list of objects with id, question_parsing and cot_parsing (or JSON lines, with the ending \
      .jsonl). Prints the F1 of conditions, statements, evidence and verdicts, as means over all gold rows and over \
      those with a prediction. The shared task's own numbers take --metric meteor and --entailment; without them a \
      lexical similarity stands in, and the output says so.
      """)
  @Argument(help: "What was predicted, such as results.json of infer.yaml.") var predicted: String
  @Argument(help: "The labelled rows.") var gold: String
  @Option(help: "How words are compared.") var metric = ScoreStructure.Metric.lexical
  @Option(help: "For --metric meteor: the helper, tools/score-meteor. Default: score-meteor on the PATH.")
  var helper: String?
  @Option(help: "Address of a server with /predict that judges entailment; replies are kept in the store.")
  var entailment: String?
  @Option(help: "The name that its replies are kept under.") var entailmentModel = "nli"
  @Option(help: "The environment variable that holds its key.") var apiKeyEnv: String?
  @Option(help: "0.95, 0.9 and 0.9 of the task's page, or 0.1 of the organisers' script.")
  var thresholds = StructureThresholds.Known.page
  @Option(help: "0 to 1, in place of that set's.") var questionThreshold: Double?
  @Option(help: "0 to 1, in place of that set's.") var statementThreshold: Double?
  @Option(help: "0 to 1, in place of that set's.") var evidenceThreshold: Double?
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Print JSON, with every row and what was matched.") var json = false

  func perform(in shell: Shell) async throws {
    let gold = try await EvaluationFile(self.gold, in: shell)
    let predicted = try await EvaluationFile(self.predicted, in: shell)
    guard gold.broken.isEmpty else {
      throw CommandFailure.cannotRun(
        "expected gold rows in '\(self.gold)', found others: \(gold.broken.prefix(5).joined(separator: "; "))"
      )
    }
    guard !gold.rows.isEmpty else {
      throw CommandFailure.cannotRun("expected gold rows in '\(self.gold)', found none")
    }
    do {
      let report = try await StructureReport(
        predicted: predicted.rows, broken: predicted.broken, gold: gold.rows,
        scored: outcomes(of: gold.rows, predicted.rows, in: shell))
      if json { return shell.terminal.print(try JSON(encoding: report).text) }
      EvaluationPage.lines(report).forEach(shell.terminal.print)
    } catch let error as StageError {
      throw CommandFailure.cannotRun(error.description)
    } catch let halt as Halt {
      throw CommandFailure.cannotRun(halt.message)
    }
  }

  /// What the stage makes of each gold row.
  private func outcomes(
    of gold: [Columns], _ predicted: [Columns], in shell: Shell
  ) async throws -> [Outcome<ScoreStructure.Output>] {
    let model = try entailment.map { try judge(at: $0) }
    let models = try self.models(model.map { [$0] } ?? [], in: shell)
    let config = ScoreStructure.Config(
      metric: metric, command: helper.map { [$0] }, entailment: model.map { ModelRef($0) },
      thresholds: thresholds, questionThreshold: questionThreshold, statementThreshold: statementThreshold,
      evidenceThreshold: evidenceThreshold)
    let workspace = Workspace(
      folder: shell.url(".", directoryHint: .isDirectory), models: models,
      sets: ["predictions": RowSet(predicted.map { Row($0.values) })])
    let stage: ScoreStructure
    do { stage = try ScoreStructure(config, in: workspace) } catch let error as StageError {
      throw CommandFailure.usage(error.description)
    }
    var outcomes: [Outcome<ScoreStructure.Output>] = []
    for row in gold { outcomes.append(try await stage.process(row)) }
    return outcomes
  }

  private func judge(at address: String) throws -> ModelSpec {
    guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
      throw CommandFailure.usage(
        "expected an address that starts with http:// or https:// after --entailment, found '\(address)'")
    }
    var model = ModelSpec(alias: "entailment", name: entailmentModel, kind: .teiEntailment)
    model.endpoint = address
    model.apiKeyEnv = apiKeyEnv
    return model
  }

  /// A store is opened, and made, only where a model is asked.
  private func models(_ specs: [ModelSpec], in shell: Shell) throws -> any ModelProvider {
    guard !specs.isEmpty else { return NoModels() }
    let transport = HTTPClient(
      connections: specs.map(\.concurrency).reduce(0, +), certificates: shell.environment["RETORT_CA_FILE"])
    return ModelStack(
      models: specs, transport: transport, memory: try Store(path: storeOptions.path(in: shell)).replies,
      environment: shell.environment, say: shell.terminal.complain)
  }
}

extension ScoreStructure.Metric: ExpressibleByArgument {}
extension StructureThresholds.Known: ExpressibleByArgument {}

/// For a command that was told none.
private struct NoModels: ModelProvider {
  func chat(_ model: ModelRef) throws -> any ChatModel { throw none(model) }
  func embedding(_ model: ModelRef) throws -> any EmbeddingModel { throw none(model) }
  func reward(_ model: ModelRef) throws -> any RewardModel { throw none(model) }
  func scorer(_ model: ModelRef) throws -> any LogprobModel { throw none(model) }

  private func none(_ model: ModelRef) -> ModelError {
    ModelError(.unsupported, "expected no model to be asked, found '\(model.spec.alias)' to be")
  }
}

/// The rows of a file, and the records of it that are none.
struct EvaluationFile {
  private(set) var rows: [Columns] = []
  /// One sentence each, with its place.
  private(set) var broken: [String] = []

  /// Errors: ``CommandFailure``.
  init(_ path: String, in shell: Shell) async throws {
    let url = shell.url(path)
    guard let kind = FileKind(following: url), kind == .regular else {
      let found = FileKind(following: url)?.words ?? "none"
      throw CommandFailure.usage("expected a file at '\(path)', found \(found)")
    }
    do {
      let found = try JSON.string(url.path).decode(DataFile.self)
      let file = DataFile(path: path, url: url, digest: found.digest)
      let lines = ["jsonl", "ndjson"].contains(Packing.ending(of: url))
      let answers =
        try await lines
        ? Self.answers(of: ReadJSONL(.init(file: file), in: Self.nowhere(url)))
        : Self.answers(of: ReadJSON(.init(file: file), in: Self.nowhere(url)))
      for answer in answers {
        switch answer {
        case .make(let columns, _): rows.append(Columns(columns))
        case .reject(_, let detail): broken.append(detail)
        default: break
        }
      }
    } catch let error as StageError { throw CommandFailure.cannotRun(error.description) }
  }

  private static func nowhere(_ url: URL) -> Workspace {
    Workspace(folder: url.deletingLastPathComponent(), models: NoModels())
  }

  private static func answers<R: Reader>(of reader: R) async throws -> [SetAnswer] {
    let heard = Heard()
    try await reader.read(into: ReaderSink { await heard.add($0) })
    return await heard.answers
  }

  private actor Heard {
    var answers: [SetAnswer] = []
    func add(_ answer: SetAnswer) { answers.append(answer) }
  }
}
