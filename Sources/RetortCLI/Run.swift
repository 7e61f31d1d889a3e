internal import ArgumentParser
internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortHTTP
internal import RetortRun
internal import RetortStages

/// The flags of a run, as they are recorded with it so that `retort resume` keeps them.
struct Flags: Codable {
  var limit: Int?
  var only: String?
  var redo: [String]
  var set: [String]
  var maxUSD: Double?
  var maxTokens: Int?
  /// Nil in runs of versions that did not know it.
  var retryRefused: Bool?
  /// Those of `set` that were recorded without the keys in them.
  var withheld: [String]?

  /// Without the keys in its settings.
  func recorded(without keys: Redaction) -> Flags {
    var flags = self
    flags.set = set.map { KeyShape.hidden(setting: keys.words($0)) }
    let changed = zip(set, flags.set).filter { $0 != $1 }.map(\.1)
    flags.withheld = changed.isEmpty ? nil : changed
    return flags
  }
}

extension Flags {
  /// Those of a run. Errors: ``CommandFailure`` where the store holds what no command line gives.
  init(of run: RecordedRun) throws {
    do {
      self = try run.flags.decode(Flags.self)
      if let limit, limit < 1 { throw ValidationError("a limit of \(limit)") }
      try checkBudget(maxUSD, maxTokens)
    } catch {
      throw CommandFailure.cannotRun(
        "expected the flags of run \(run.id) in the store, found others (\(error))")
    }
  }
}

struct RunFlags: ParsableArguments {
  @Option(
    name: .long, help: "Take the first rows of each source that feeds a from:, and write exports as .limited."
  )
  var limit: Int?
  @Option(name: .long, help: "Run this stage and its missing ancestors.")
  var only: String?
  @Option(name: .long, help: "Make this stage's steps and replies afresh.")
  var redo: [String] = []
  @Option(name: .long, help: "Set a key of the file: stages.rationale.with.samples=8.")
  var set: [String] = []
  @Option(name: .long, help: "Stop before the run and its resumes have cost more than this many USD.")
  var maxUsd: Double?
  @Option(name: .long, help: "Stop before the run and its resumes have used more than this many tokens.")
  var maxTokens: Int?
  @Flag(name: .long, help: "Ask again for what an endpoint refused for good; else it is passed over.")
  var retryRefused = false

  var values: Flags {
    Flags(
      limit: limit, only: only, redo: redo, set: set, maxUSD: maxUsd, maxTokens: maxTokens,
      retryRefused: retryRefused ? true : nil)
  }

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("expected --limit of at least 1, found \(limit)") }
    if limit != nil, !redo.isEmpty {
      throw ValidationError(
        "expected --redo without --limit, since redoing a stage gives up the answers of all its rows, and those beyond "
          + "the limit would be asked for again later")
    }
    try checkBudget(maxUsd, maxTokens)
  }
}

private func checkBudget(_ usd: Double?, _ tokens: Int?) throws {
  // Written so that it refuses NaN, which is over no budget.
  if let usd, !(usd >= 0) { throw ValidationError("expected --max-usd of at least 0, found \(usd)") }
  if let tokens, tokens < 0 { throw ValidationError("expected --max-tokens of at least 0, found \(tokens)") }
}

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Perform what a pipeline file asks for and is not done.")
  @Argument(help: "The pipeline file.") var file: String
  @OptionGroup var flags: RunFlags
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Print a JSON summary on stdout.") var json = false

  func run() async throws {
    try await reporting {
      let flags = flags.values
      let pipeline = try Session.read(file, flags)
      try Session.checkNames(flags, pipeline)
      // The store is made last: a run that cannot begin leaves none behind.
      try await storeOptions.looking {
        try await storeOptions.refuseObstacles(
          pipeline, RunOptions(limit: flags.limit, only: flags.only), in: $0)
        try await Session.checkPrices(flags, pipeline, in: $0)
      }
      let store = try Store(path: storeOptions.path)
      try await Session(pipeline: pipeline, flags: flags, store: store, storeOption: storeOptions.store)
        .perform(json: json)
    }
  }
}

struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Perform the last run again, or a named one: the file is read anew, the flags are kept.")
  @Argument(help: "The run's number. Default: the newest.") var run: Int64?
  @Option(name: .long, help: "Another budget in USD, for the run and all its resumes.") var maxUsd: Double?
  @Option(name: .long, help: "Another budget in tokens, for the run and all its resumes.") var maxTokens: Int?
  @Flag(name: .long, help: "Ask again for what an endpoint refused for good; else it is passed over.")
  var retryRefused = false
  @OptionGroup var storeOptions: StoreOptions
  @Flag(
    name: .shortAndLong,
    help: "Resume a run that another user or another machine made: do what the store remembers of it.")
  var yes = false
  @Flag(name: .long, help: "Print a JSON summary on stdout.") var json = false

  func validate() throws { try checkBudget(maxUsd, maxTokens) }

  func run() async throws {
    try await reporting {
      let store = try storeOptions.openExisting()
      guard let recorded = try await store.recordedRun(run) else {
        throw CommandFailure.usage(
          "expected a run to resume, found none\(run.map { " numbered \($0)" } ?? "")")
      }
      var flags = try Flags(of: recorded)
      if let lost = flags.withheld?.first {
        throw CommandFailure.usage(
          "expected every setting of the run to be recorded, found --set \(lost), whose key was not kept; start it with "
            + "`retort run` and --set again: what is done is not done again")
      }
      flags.retryRefused = retryRefused ? true : nil
      if !recorded.isFromHere {
        try ElsewhereRun(run: recorded, flags: flags).ask(yes: yes)
        try await store.adopt(recorded.id)
      }
      flags.maxUSD = maxUsd ?? flags.maxUSD
      flags.maxTokens = maxTokens ?? flags.maxTokens
      let pipeline = try Session.read(recorded.file, flags)
      try Session.checkNames(flags, pipeline)
      try await storeOptions.refuseObstacles(
        pipeline, RunOptions(limit: flags.limit, only: flags.only), in: store)
      try await Session.checkPrices(flags, pipeline, in: store, origin: recorded.origin)
      try await Session(
        pipeline: pipeline, flags: flags, store: store, storeOption: storeOptions.store, resumed: recorded
      ).perform(json: json)
    }
  }
}

/// One run from the command line: start the models, perform, report.
struct Session {
  let pipeline: Pipeline
  let flags: Flags
  let store: Store
  /// The path that was given with `--store`.
  let storeOption: String?
  /// The run that this one goes on with.
  var resumed: RecordedRun?

  static func read(_ file: String, _ flags: Flags) throws -> Pipeline {
    let pipeline = try Pipeline.read(
      URL(filePath: file), catalog: .standard, environment: ProcessInfo.processInfo.environment,
      settings: flags.set)
    Terminal.warn(pipeline.warnings)
    return pipeline
  }

  func perform(json: Bool) async throws {
    if let resumed {
      for line in Self.changes(since: resumed, pipeline) { Terminal.complain(line) }
    }
    let options = RunOptions(
      limit: flags.limit, only: flags.only, redo: Set(flags.redo),
      retryRefused: flags.retryRefused ?? false, origin: resumed?.origin,
      flags: try JSON(encoding: flags.recorded(without: pipeline.redaction)))
    let spent = if let resumed { try await store.spent(since: resumed.origin) } else { Budget.Amount() }
    let budget = Budget(maxUSD: flags.maxUSD, maxTokens: flags.maxTokens, spent: spent)
    let environment = ProcessInfo.processInfo.environment
    let progress = RunProgress(
      pipeline.stages.filter { flags.only.map(pipeline.ancestry(of:))?.contains($0.name) ?? true }
        .map { ($0.name, $0.from) },
      on: .standardError(environment),
      spending: { [flags] in
        let spent = budget.spent
        return .init(tokens: spent.tokens, usd: spent.usd, maxTokens: flags.maxTokens, maxUSD: flags.maxUSD)
      })
    let specs = Array(pipeline.models.values)
    let keys = Redaction(specs.flatMap { $0.secrets(environment) + $0.keysInFile })
    let transport = HTTPClient(connections: max(1, specs.map(\.concurrency).reduce(0, +)))
    let interruption = Interruption()
    let launcher = Launcher(
      folder: pipeline.folder, transport: transport, interruption: interruption,
      environment: { ServerEnvironment.variables(of: $0, among: specs, environment) }, redaction: keys)
    let models = ModelStack(
      models: specs, transport: transport, memory: store, budget: budget,
      interruption: interruption, environment: environment, redaction: keys, say: progress.say,
      address: { try await launcher.address(of: $0) })
    let engine = Engine(pipeline, store: store, models: models, options: options, interruption: interruption)
    let result: Result<RunSummary, any Error>
    do {
      result = .success(
        try await Signals.soften(interruption, saying: progress.say, lastSign: { progress.lastSign }) {
          try await progress.ticking { try await engine.run(progress.tell) }
        })
    } catch { result = .failure(error) }
    launcher.stop()
    let summary = try result.get()
    let hasDrops = summary.stages.list.contains { $0.books.dropped + $0.books.leftOut > 0 }
    let drops = hasDrops ? try await store.drops(of: summary.run) : []
    progress.report(
      summary, drops: drops,
      broken: BrokenRecords.found(in: summary.stages, drops: drops, files: pipeline.inputs),
      store: storeOption)
    if json { Terminal.print(try JSON(encoding: summary).text) }
    if summary.status.exitCode != 0 { throw ExitCode(summary.status.exitCode) }
  }

  /// What the file, its prompts, its data or the environment have that the resumed run had not.
  static func changes(since resumed: RecordedRun, _ pipeline: Pipeline) -> [String] {
    guard let then = resumed.resolved else { return [] }
    let differences = Difference.between(then, pipeline.resolved)
    guard !differences.isEmpty else { return ["nothing changed since run \(resumed.id)"] }
    return ["changed since run \(resumed.id):"] + differences.map { "  \(Terminal.safe($0.description))" }
  }

  static func checkNames(_ flags: Flags, _ pipeline: Pipeline) throws {
    for (flag, name) in [("--only", flags.only)] + flags.redo.map({ ("--redo", $0) }) {
      guard let name, pipeline[name] == nil else { continue }
      let names = pipeline.stages.map(\.name).joined(separator: ", ")
      throw CommandFailure.usage(
        "expected a stage of \(pipeline.name) (\(names)) after \(flag), found '\(name)'")
    }
  }

  /// A budget in USD means nothing while a model that would be called has no price.
  static func checkPrices(
    _ flags: Flags, _ pipeline: Pipeline, in store: Store, origin: Int64? = nil
  ) async throws {
    guard flags.maxUSD != nil, pipeline.models.values.contains(where: { $0.price == nil }) else { return }
    let options = RunOptions(limit: flags.limit, only: flags.only, redo: Set(flags.redo), origin: origin)
    let names = try await Plan.make(pipeline, store: store, options: options).unpriced(pipeline)
    guard names.isEmpty else {
      throw CommandFailure.usage(
        "--max-usd needs the price of every model that would be called, found none for \(names.joined(separator: ", "));"
          + " add price: { input: …, output: … } (USD per million tokens) to the file, 0 where calls are free"
      )
    }
  }
}
