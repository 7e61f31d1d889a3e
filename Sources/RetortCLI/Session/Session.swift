internal import ArgumentParser
internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore

/// One run from the command line: start the models, perform, report.
struct Session {
  let pipeline: Pipeline
  let flags: Flags
  let store: Store
  /// The path that was given with `--store`.
  let storeOption: String?
  let shell: Shell
  /// The run that this one goes on with.
  var resumed: RecordedRun?

  static func read(_ file: URL, _ flags: Flags, in shell: Shell) throws -> Pipeline {
    let pipeline = try Pipeline.read(
      file, catalog: .standard, environment: shell.environment, settings: flags.set)
    shell.terminal.warn(pipeline.warnings)
    return pipeline
  }

  func perform(json: Bool) async throws {
    if let resumed {
      for line in Self.changes(since: resumed, pipeline) { shell.terminal.complain(line) }
    }
    let budget = try await budget()
    let gauge = CallGauge()
    let progress = progress(under: budget, gauge)
    let summary = try await run(under: budget, gauge, progress)
    let hasDrops = summary.stages.list.contains { $0.books.dropped + $0.books.leftOut > 0 }
    let drops = hasDrops ? try await store.inspector.drops(of: summary.run) : []
    var broken = BrokenRecords.found(in: summary.stages, drops: drops, files: pipeline.inputs)
    for place in broken.indices where broken[place].isAboutImages {
      broken[place].first = try await store.inspector.firstDrop(
        of: summary.run, by: broken[place].stage, for: broken[place].reason)
    }
    for file in try await LeftRounds.files(of: pipeline, in: store.inspector) { progress.say(file) }
    progress.report(
      summary, drops: drops, broken: broken,
      makesNone: pipeline.makesNone, readers: pipeline.readers,
      details: try await details(of: summary, drops), store: storeOption)
    if json { shell.terminal.print(try JSON(encoding: summary).text) }
    if summary.status.exitCode != 0 { throw ExitCode(summary.status.exitCode) }
  }

  /// What is said of a row that was dropped, of each stage that dropped all of them: it may say what to do.
  private func details(of summary: RunSummary, _ drops: [Losses]) async throws -> [String: String] {
    var details: [String: String] = [:]
    for entry in summary.stages.list where entry.books.in > 0 && entry.books.dropped == entry.books.in {
      guard let most = drops.filter({ $0.stage == entry.stage }).max(by: { $0.rows < $1.rows }),
        let first = try await store.inspector.firstDrop(
          of: summary.run, stage: entry.stage, reason: most.reason)
      else { continue }
      details[entry.stage] = first.detail.isEmpty ? nil : first.detail
    }
    return details
  }

  private func run(under budget: Budget, _ gauge: CallGauge, _ progress: RunProgress) async throws
    -> RunSummary
  {
    var recorded = flags.recorded(without: pipeline.redaction)
    recorded.variables = pipeline.variables.isEmpty ? nil : pipeline.variables
    let options = RunOptions(
      selection: flags.selection, only: flags.only, redo: Set(flags.redo),
      redoTools: Set(flags.redoTools ?? []),
      retryRefused: flags.retryRefused ?? false, origin: resumed?.origin,
      flags: try JSON(encoding: recorded))
    let interruption = Interruption()
    let endpoints = Endpoints(of: pipeline, shell.environment, interruption)
    defer { endpoints.stop() }
    let engine = Engine(
      pipeline, store: store,
      models: endpoints.models(
        memory: store.replies, images: store.images, budget: budget, gauge: gauge, say: progress.say),
      servers: endpoints.servers, options: options, interruption: interruption, environment: shell.environment
    )
    let lastSign = { @Sendable in progress.lastSign }
    return try await Signals.soften(interruption, saying: progress.say, lastSign: lastSign) {
      try await progress.ticking { try await engine.run(progress.tell) }
    }
  }

  /// What is left of it to this run is what those that it goes on with have not spent.
  private func budget() async throws -> Budget {
    let spent =
      if let resumed { try await store.replies.spent(since: resumed.origin) } else { Budget.Amount() }
    return Budget(maxUSD: flags.maxUSD, maxTokens: flags.maxTokens, spent: spent)
  }

  private func progress(under budget: Budget, _ gauge: CallGauge) -> RunProgress {
    RunProgress(
      pipeline.stages.filter { flags.only.map(pipeline.ancestry(of:))?.contains($0.name) ?? true }
        .map { ($0.name, $0.from) },
      on: .init(shell), now: shell.now,
      spending: { [flags] in
        let spent = budget.spent
        return .init(
          tokens: spent.tokens, usd: spent.usd, maxTokens: flags.maxTokens, maxUSD: flags.maxUSD,
          calls: gauge.reading)
      })
  }

  /// What the file, its prompts, its data or the environment have that the resumed run had not.
  static func changes(since resumed: RecordedRun, _ pipeline: Pipeline) -> [String] {
    guard let then = resumed.resolved else { return [] }
    let differences = Difference.between(then, pipeline.resolved)
    guard !differences.isEmpty else { return ["nothing changed since run \(resumed.id)"] }
    return ["changed since run \(resumed.id):"] + differences.map { "  \(Terminal.safe($0.description))" }
  }

  static func checkNames(_ flags: Flags, _ pipeline: Pipeline) throws {
    try checkTools(flags, pipeline)
    for (flag, name) in [("--only", flags.only)] + flags.redo.map({ ("--redo", $0) }) {
      guard let name, pipeline.instances(of: name).isEmpty else { continue }
      let names = pipeline.stageWords.joined(separator: ", ")
      throw CommandFailure.usage(
        "expected a stage of \(pipeline.name) (\(names)) after \(flag), found '\(name)'"
          + NearestWord.hint(name, in: pipeline.stageWords))
    }
    for name in flags.redo {
      do { try pipeline.checkRedo(name) } catch { throw CommandFailure.usage("\(error)") }
    }
  }

  private static func checkTools(_ flags: Flags, _ pipeline: Pipeline) throws {
    for name in flags.redoTools ?? [] where !pipeline.tools.contains(where: { $0.name == name }) {
      let names = pipeline.tools.map(\.name).joined(separator: ", ")
      throw CommandFailure.usage(
        "expected a tool of \(pipeline.name) (\(names)) after --redo-tool, found '\(name)'")
    }
  }

  /// A budget in USD means nothing while a model that would be called has no price.
  static func checkPrices(
    _ flags: Flags, _ pipeline: Pipeline, in store: Store, origin: Int64? = nil
  ) async throws {
    guard flags.maxUSD != nil, pipeline.models.values.contains(where: { $0.price == nil }) else { return }
    let options = RunOptions(
      selection: flags.selection, only: flags.only, redo: Set(flags.redo),
      redoTools: Set(flags.redoTools ?? []), origin: origin)
    let names = try await Plan.make(pipeline, store: store, options: options).unpriced(pipeline)
    guard names.isEmpty else {
      throw CommandFailure.usage(
        "--max-usd needs the price of every model that would be called, found none for \(names.joined(separator: ", "));"
          + " add price: { input: …, output: … } (USD per million tokens) to the file, 0 where calls are free"
      )
    }
  }
}
