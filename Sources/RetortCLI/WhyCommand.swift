internal import ArgumentParser
internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStages

struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say why a row was done at a stage, dropped, failed, or is not done yet.")
  @Argument(help: "A row's identifier (r_…).") var row: String
  @Argument(help: "A stage's name.") var stage: String
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions

  func run() async throws {
    try await reporting {
      let store = try storeOptions.openReading()
      let run = try await lookOptions.resolve(in: store)
      guard let recorded = try await store.recordedRun(run) else {
        throw CommandFailure.usage("expected a run of the store, found none numbered \(run)")
      }
      var why: Why
      do { why = try await store.why(row, at: stage, run: run) } catch let error as RunError {
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
        let pipeline = try Session.read(recorded.file, try Flags(of: recorded))
        if let then = recorded.resolved { why.compare(then, with: pipeline.resolved) }
      } catch CommandFailure.usage(let words), CommandFailure.cannotRun(let words) {
        note = "\(recorded.file) is not compared with the run: \(words)"
      } catch { note = "\(recorded.file) cannot be compared with the run: \(error)" }
      if lookOptions.json { return Terminal.print(try JSON(encoding: why).text) }
      Self.lines(why).forEach(Terminal.print)
      if let note { Terminal.complain(note) }
    }
  }

  /// One paragraph for each answer, then what follows from all of them.
  static func lines(_ why: Why) -> [String] {
    var lines: [String] = []
    for answer in why.answers {
      let row = answer.row.map { "\($0) (\(answer.source))" } ?? answer.source
      lines.append("\(row) at \(answer.stage): \(answer.outcome.rawValue)")
      lines.append("  " + Terminal.safe(answer.detail))
      if let step = answer.step, let made = answer.madeIn {
        let reused = made == why.run ? "" : ", reused by run \(why.run)"
        lines.append("  step \(step), made in run \(made)\(reused)")
      }
    }
    if !why.changed.isEmpty {
      lines.append("changed since run \(why.run):")
      lines += why.changed.map { "  \(Terminal.safe($0.description))" }
      lines.append("the next run makes the step again")
    } else if why.answers.contains(where: { $0.outcome == .failed || $0.outcome == .pending }) {
      lines.append("retort resume \(why.run) tries what failed and does what is pending")
    }
    return lines
  }
}
