internal import ArgumentParser
internal import Foundation
internal import Retort

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a run's report to show others: one HTML file with plots and samples, or Markdown.")
  @Argument(help: "The run's number. Default: the newest.") var run: Int64?
  @Option(name: .shortAndLong, help: "The file to write. Default: stdout.") var output: String?
  @Flag(name: .long, help: "Write Markdown, for a paper's appendix or a data set's card.") var markdown =
    false
  @OptionGroup var storeOptions: StoreOptions

  func run() async throws {
    try await reporting {
      let store = try storeOptions.openReading()
      guard let recorded = try await store.recordedRun(run) else {
        throw CommandFailure.usage(
          "expected a run to report, found none\(run.map { " numbered \($0)" } ?? "")")
      }
      let report = try await store.report(recorded.id)
      let text = markdown ? ReportMarkdown.text(report) : ReportPage.html(report)
      guard let output else { return Terminal.print(text) }
      do { try Data(text.utf8).write(to: URL(filePath: output), options: .atomic) } catch {
        throw CommandFailure.cannotRun("expected to write '\(output)': \(error.localizedDescription)")
      }
      Terminal.complain("wrote \(output)")
    }
  }
}
