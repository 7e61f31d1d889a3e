internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortReport
internal import RetortStages
internal import RetortStore

struct ReportCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a run's report to show others: one HTML file with plots and samples, or Markdown.")
  @Argument(help: "The run's number. Default: the newest.") var run: Int64?
  @Option(name: .shortAndLong, help: "The file to write. Default: stdout.") var output: String?
  @Flag(name: .long, help: "Write Markdown, for a paper's appendix or a data set's card.") var markdown =
    false
  @Flag(name: .long, help: "Print the funnel alone, as bars of text.") var funnel = false
  @OptionGroup var storeOptions: StoreOptions

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    guard let recorded = try await store.inspector.recordedRun(run) else {
      throw CommandFailure.usage(
        "expected a run to report, found none\(run.map { " numbered \($0)" } ?? "")")
    }
    let report = try await RunReport.read(recorded.id, from: store.inspector, catalog: .standard)
    let text =
      funnel
      ? FunnelText.text(report) : markdown ? ReportMarkdown.text(report) : ReportPage.html(report)
    guard let output else { return shell.terminal.print(text) }
    try await write(text, to: output, in: shell)
    shell.terminal.complain("wrote \(output)")
  }

  func validate() throws {
    guard !(funnel && markdown) else {
      throw ValidationError("expected one of --funnel and --markdown, found both")
    }
  }

  /// Replaces a report that this store made, and nothing else.
  private func write(_ text: String, to path: String, in shell: Shell) async throws {
    let target = ExportTarget(shell.url(path).standardizedFileURL, as: .report)
    if let what = Store.owns(target.url, store: storeOptions.path(in: shell)) {
      throw CommandFailure.cannotRun("expected another path than '\(path)', which is \(what)")
    }
    // A store that can only be looked at notes nothing: then a report is written once under a name.
    let store = try? storeOptions.openExisting(in: shell)
    let ledger: any FileLedger =
      store.map { StoreLedger($0, folder: shell.url("."), exports: Catalog.standard.exports) }
      ?? MemoryLedger()
    let file = try await AtomicFile(target, in: ledger)
    try file.write(text)
    try await OwnFiles(ledger).put([file])
    for kept in ledger.kept {
      shell.terminal.complain("kept \(kept.keptAs): \(kept.path) was not as retort had written it")
    }
  }
}
