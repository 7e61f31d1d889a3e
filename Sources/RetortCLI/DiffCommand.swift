internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStages

struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Compare two runs: configuration, counts, rows and cost.")
  @Argument(help: "The earlier run, by its number.") var old: Int64
  @Argument(help: "The later run.") var new: Int64
  @OptionGroup var storeOptions: StoreOptions
  @Option(name: .long, help: "How many differing rows of each stage are shown.") var limit = 5
  @Flag(name: .long, help: "Print JSON.") var json = false

  func validate() throws {
    if limit < 0 { throw ValidationError("expected --limit of at least 0, found \(limit)") }
  }

  func run() async throws {
    try await reporting {
      let store = try storeOptions.openReading()
      let diff: RunDiff
      do { diff = try await store.diff(old, new, examples: limit) } catch let error as RunError {
        throw CommandFailure.usage("\(error.description); `retort runs` lists them")
      }
      if json { return Terminal.print(try JSON(encoding: diff).text) }
      Self.lines(diff).forEach(Terminal.print)
    }
  }

  static func lines(_ diff: RunDiff) -> [String] {
    let names = ["\(diff.old.run)", "\(diff.new.run)"]
    var lines: [String] = []
    if !diff.changed.isEmpty {
      lines.append("configuration:")
      lines += diff.changed.map { "  \(Terminal.safe($0.description))" }
    }
    let counts = diff.stages.map { stage -> [JSON] in
      let pairs = [\Books.in, \.emitted, \.dropped, \.failed, \.pending].map { count in
        Self.pair(stage.old?[keyPath: count], stage.new?[keyPath: count])
      }
      return [.string(stage.stage)] + pairs.map { .string($0) }
    }
    let columns = ["stage", "in", "emitted", "dropped", "failed", "pending"]
    lines += Terminal.lines(of: Table(columns: columns, rows: counts), width: 20)
    for stage in diff.stages where stage.onlyOld + stage.onlyNew + stage.other > 0 {
      lines.append(
        "\(stage.stage): \(stage.other) with other values, \(stage.onlyOld) only in \(names[0]), "
          + "\(stage.onlyNew) only in \(names[1])")
      for example in stage.examples {
        let rows = [example.old ?? "none", example.new ?? "none"].joined(separator: " → ")
        let columns = example.columns.isEmpty ? "" : ": \(example.columns.joined(separator: ", "))"
        lines.append("  \(example.source)  \(rows)\(Terminal.safe(columns))")
      }
    }
    let calls = [diff.old.calls, diff.new.calls]
    let spent = zip([diff.old, diff.new], calls).map { side, calls -> [JSON] in
      [
        .int(side.run), .string(side.status), .int(Int64(calls.made)), .int(Int64(calls.remembered)),
        .int(Int64(calls.promptTokens)), .int(Int64(calls.completionTokens)), .double(calls.usd),
      ]
    }
    lines += Terminal.lines(
      of: Table(
        columns: ["run", "status", "calls", "remembered", "tokens in", "tokens out", "USD"], rows: spent))
    return lines
  }

  /// `12`, or `12 → 14` where they differ; `–` for a stage that a run has not.
  private static func pair(_ old: Int?, _ new: Int?) -> String {
    let texts = [old, new].map { $0.map(String.init) ?? "–" }
    return texts[0] == texts[1] ? texts[0] : texts.joined(separator: " → ")
  }
}
