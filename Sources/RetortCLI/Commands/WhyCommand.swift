internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStore

struct WhyCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say why a row was done at a stage, dropped, failed, or is not done yet.")
  @Argument(help: "A row: its identifier (r_…), or the record it was read from (questions:7).") var row:
    String
  @Argument(help: "A stage's name.") var stage: String
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    let run = try await lookOptions.run(ofRow: row, at: stage, in: store, shell)
    guard let recorded = try await store.inspector.recordedRun(run) else {
      throw CommandFailure.usage("expected a run of the store, found none numbered \(run)")
    }
    var why: Why
    do { why = try await store.inspector.why(row, at: stage, run: run) } catch let error as NotFound {
      throw CommandFailure.usage(error.description)
    }
    guard !why.answers.isEmpty else {
      throw CommandFailure.usage(
        "expected a row of run \(run) whose line passes '\(stage)', found none for '\(row)'")
    }
    var note: String?
    do {
      guard recorded.isFromHere else { throw CommandFailure.usage("it was made elsewhere") }
      try ElsewhereRun.mustBeAFile(recorded.file)
      let pipeline = try Session.read(URL(filePath: recorded.file), try Flags(of: recorded), in: shell)
      if let then = recorded.resolved { why.compare(then, with: pipeline.resolved) }
    } catch CommandFailure.usage(let words), CommandFailure.cannotRun(let words) {
      note = "\(recorded.file) is not compared with the run: \(words)"
    } catch { note = "\(recorded.file) cannot be compared with the run: \(error)" }
    if lookOptions.json { return shell.terminal.print(try JSON(encoding: why).text) }
    ShowPage.said(WhyPage.lines(why), screen: lookOptions.screen(in: shell)).forEach(shell.terminal.print)
    if let note { shell.terminal.complain(note) }
  }
}
