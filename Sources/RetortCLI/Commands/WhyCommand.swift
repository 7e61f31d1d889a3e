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
    var whys = try await reasons(in: store, run: run)
    var note: String?
    do {
      guard recorded.isFromHere else { throw CommandFailure.usage("it was made elsewhere") }
      try ElsewhereRun.mustBeAFile(recorded.file)
      let pipeline = try Session.read(URL(filePath: recorded.file), try Flags(of: recorded), in: shell)
      if let then = recorded.resolved {
        for place in whys.indices { whys[place].compare(then, with: pipeline.resolved) }
      }
    } catch CommandFailure.usage(let words), CommandFailure.cannotRun(let words) {
      note = "\(recorded.file) is not compared with the run: \(words)"
    } catch { note = "\(recorded.file) cannot be compared with the run: \(error)" }
    if lookOptions.json {
      for why in whys { shell.terminal.print(try JSON(encoding: why).text) }
      return
    }
    ShowPage.said(whys.flatMap(WhyPage.lines), screen: lookOptions.screen(in: shell)).forEach(
      shell.terminal.print)
    if let note { shell.terminal.complain(note) }
  }

  /// Of a stage, or of each round that the row's line passes it in.
  private func reasons(in store: Store, run: Int64) async throws -> [Why] {
    let meant = try await store.inspector.stages(named: stage, run: run)
    var whys: [Why] = []
    for name in meant.isEmpty ? [stage] : meant {
      do { whys.append(try await store.inspector.why(row, at: name, run: run)) } catch let error as NotFound {
        throw CommandFailure.usage(error.description)
      }
    }
    // A line that ended before a round ended before those after it too.
    var known: Set<Why.Answer> = []
    for place in whys.indices { whys[place].answers.removeAll { !known.insert($0).inserted } }
    whys.removeAll(where: \.answers.isEmpty)
    guard !whys.isEmpty else {
      throw CommandFailure.usage(
        "expected a row of run \(run) whose line passes '\(stage)', found none for '\(row)'")
    }
    return whys
  }
}
