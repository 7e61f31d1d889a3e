internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore

struct GCCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Forget what no kept run needs; paid replies stay unless --replies.")
  @OptionGroup var storeOptions: StoreOptions
  @Option(
    name: .long, help: "How many of the newest runs of each pipeline are kept, with those they resumed.")
  var keepRuns = 10
  @Flag(name: .long, help: "Say what would be forgotten, and forget nothing.") var dryRun = false
  @Flag(name: .long, help: "Also forget paid replies that no kept run used.") var replies = false
  @Flag(
    name: .long,
    help: "Forget only replies that nobody could use, with the steps that used them; the next run asks again."
  )
  var unusable = false
  @Flag(name: .long, help: "Print JSON.") var json = false

  func validate() throws {
    if keepRuns < 1 { throw ValidationError("expected --keep-runs of at least 1, found \(keepRuns)") }
    if unusable, replies { throw ValidationError("expected either --unusable or --replies, found both") }
  }

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openExisting(in: shell)
    let freed =
      try await unusable
      ? store.collectUnusable(dryRun: dryRun)
      : store.collect(keepRuns: keepRuns, replies: replies, dryRun: dryRun)
    if json { return shell.terminal.print(try JSON(encoding: freed).text) }
    shell.terminal.print(Self.line(freed, dryRun: dryRun))
  }

  static func line(_ freed: Freed, dryRun: Bool) -> String {
    "\(dryRun ? "would forget" : "forgot") \(freed.runs) runs, \(freed.steps) steps, \(freed.rows) rows, "
      + "\(freed.replies) replies; \(String(format: "%.1f", Double(freed.bytes) / 1_000_000)) MB freed"
  }
}
