internal import ArgumentParser
internal import Foundation
internal import RetortRun
internal import RetortStore

struct ResumeCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract:
      "Go on with the newest unfinished run, or a named one: the file is read anew, the flags are kept.")
  @Argument(help: "The run's number. Default: the newest that is unfinished.") var run: Int64?
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

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openExisting(in: shell)
    guard let number = try await chosen(in: store, shell) else { return }
    guard let recorded = try await store.inspector.recordedRun(number) else {
      throw CommandFailure.usage("expected a run to resume, found none numbered \(number)")
    }
    var flags = try Flags(of: recorded)
    if let lost = flags.withheld?.first {
      throw CommandFailure.usage(
        "expected every setting of the run to be recorded, found --set \(lost), whose key was not kept; start it with "
          + "`retort run` and --set again: what is done is not done again")
    }
    flags.retryRefused = retryRefused ? true : nil
    if !recorded.isFromHere {
      try ElsewhereRun(run: recorded, flags: flags, shell: shell).ask(yes: yes)
      try await store.steps.adopt(recorded.id)
    }
    flags.maxUSD = maxUsd ?? flags.maxUSD
    flags.maxTokens = maxTokens ?? flags.maxTokens
    let pipeline = try Session.read(URL(filePath: recorded.file), flags, in: shell)
    try Session.checkNames(flags, pipeline)
    Session.tellPilot(flags, pipeline, in: shell)
    try await storeOptions.refuseObstacles(
      pipeline, RunOptions(selection: flags.selection, only: flags.only), store: store, in: shell)
    try await Session.checkPrices(flags, pipeline, in: store, origin: recorded.origin)
    try await Session(
      pipeline: pipeline, flags: flags, store: store, storeOption: storeOptions.store, shell: shell,
      resumed: recorded
    ).perform(json: json)
  }

  /// The run that was named, or the newest that is unfinished; nil where there is nothing to do.
  private func chosen(in store: Store, _ shell: Shell) async throws -> Int64? {
    if let run { return run }
    guard let runs = ResumableRuns(try await store.inspector.begunRuns()) else {
      throw CommandFailure.usage("expected a run to resume, found none")
    }
    if runs.next == nil, !runs.lost.isEmpty { throw CommandFailure.usage(runs.words.joined(separator: "\n")) }
    for line in runs.words { shell.terminal.complain(line) }
    return runs.next?.id
  }
}
