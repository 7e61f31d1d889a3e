internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// What a run came to, as text.
enum SummaryPage {
  /// What the words of the table mean, and the balance that they keep.
  static let legend = "in = emitted (kept) + dropped + failed + pending; rows: what came out of them"

  /// - Parameters:
  ///   - makesNone: what it means where a stage took rows and made none, by its name.
  ///   - details: what is said of a row that was dropped, of stages that dropped all.
  ///   - readers: the stages that make rows of files, or of nothing.
  ///   - store: the path that was given with `--store`.
  static func lines(
    _ summary: RunSummary, drops: [Losses] = [], makesNone: [String: String] = [:],
    readers: Set<String> = [], details: [String: String] = [:], store: String? = nil
  ) -> [String] {
    let skipped = Set(summary.skipped)
    let rows = summary.stages.list.filter { !skipped.contains($0.stage) }.map { entry -> [JSON] in
      let books = entry.books
      return [.string(entry.stage)]
        + [books.in, books.emitted, books.dropped, books.failed, books.pending, books.reused, books.rows]
        .map { .int(Int64($0)) }
    }
    let table = Table(
      columns: ["stage", "in", "emitted", "dropped", "failed", "pending", "reused", "rows"], rows: rows)
    var lines = Terminal.lines(of: table) + [legend] + notPlayed(summary.skipped)
    for entry in summary.stages.list where entry.books.emitted > 0 && entry.books.rows == 0 {
      lines.append(
        "\(entry.stage) took \(entry.books.emitted) rows and made none: "
          + (makesNone[entry.stage] ?? "it had nothing to make of them"))
    }
    for stage in summary.stages.list.map(\.stage) where !isUntil(stage) {
      let counts = drops.filter { $0.stage == stage }
      guard !counts.isEmpty else { continue }
      let shown = counts.prefix(5).map { "\(Terminal.safe($0.reason)) \($0.rows)" }
      let more = counts.count > shown.count ? ", and \(counts.count - shown.count) more" : ""
      lines.append("\(stage) dropped: \(shown.joined(separator: ", "))\(more)")
    }
    let calls = summary.calls
    lines += [
      "calls: \(calls.made) made, \(calls.remembered) remembered, \(failedTries(calls.failed))",
      "tokens: \(calls.promptTokens) prompt, \(calls.completionTokens) completion; \(calls.cost)\(calls.estimateNote)",
    ]
    for exports in OrderedDictionary(grouping: summary.exports, by: \.stage).values {
      let rows = exports.map(\.rows).reduce(0, +)
      if rows == 0, let entry = summary.stages.list.first(where: { $0.stage == exports[0].stage }) {
        lines.append(unwritten(entry, drops, details, manifest: exports[0].path))
        continue
      }
      let incomplete = exports.allSatisfy(\.complete) ? "" : ", incomplete"
      let what = exports.count == 1 ? exports[0].path : "\(exports.count) files under \(folder(of: exports))"
      let verb = exports.allSatisfy { $0.unchanged == true } ? "unchanged" : "wrote"
      lines.append("\(verb) \(what) (\(rows) rows\(incomplete))")
    }
    for file in summary.kept {
      lines.append("kept \(file.keptAs): \(file.path) was not as retort had written it")
    }
    lines.append("\(summary.status.rawValue) in \(String(format: "%.1f", summary.seconds)) s")
    if let why = summary.stopped { lines.append("stopped: \(Terminal.safe(why))") }
    let option = store.map { " --store \(ShellWord($0))" } ?? ""
    if summary.refused > 0 {
      let over = summary.passedOver > 0 ? ", \(summary.passedOver) of them before and passed over" : ""
      lines.append(
        "refused for good: \(summary.refused) rows\(over); ask again: retort resume \(summary.run)\(option) --retry-refused; "
          + "give them up: on_failure: drop in the file"
      )
    }
    if ![.complete, .incomplete].contains(summary.status), let failed = failed(in: summary) {
      lines.append("failed, too: \(failed); why: retort failures --run \(summary.run)\(option)")
    }
    if summary.status != .complete {
      let more = summary.status == .budget ? " and a larger --max-usd or --max-tokens" : ""
      let first = summary.waitsForEdit ? "change the file as said above, then " : ""
      lines.append("\(first)go on with: retort resume \(summary.run)\(option)\(more)")
    }
    if summary.status == .complete {
      for entry in summary.stages.list
      where readers.contains(entry.stage) && entry.books == Books()
        && !skipped.contains(entry.stage) && RoundName(entry.stage)?.stage.isEmpty != true
      {
        lines.append("nothing came out of \(entry.stage): there was nothing to make rows of")
      }
    }
    return lines + summary.stages.list.compactMap { ended(in: $0, drops, details) }
  }

  /// That a stage let no row through; nil where it did, or may yet.
  private static func ended(
    in entry: OrderedBooks.Entry, _ drops: [Losses], _ details: [String: String]
  ) -> String? {
    let books = entry.books
    guard books.in > 0, books.dropped == books.in, books.rows == 0, !isUntil(entry.stage) else { return nil }
    return Terminal.safe("nothing came out of \(entry.stage): \(allDropped(of: entry, drops, details))")
  }

  private static func allDropped(
    of entry: OrderedBooks.Entry, _ drops: [Losses], _ details: [String: String]
  ) -> String {
    let count = entry.books.in
    let all = count == 1 ? "its one row was dropped" : "all its \(count) rows were dropped"
    let most = drops.filter { $0.stage == entry.stage }.max { $0.rows < $1.rows }
    return all
      + (most.map { $0.rows < count ? ", most often as '\($0.reason)'" : ", as '\($0.reason)'" } ?? "")
      + (details[entry.stage].map { " (\($0.prefix(300)))" } ?? "")
  }

  /// That an export has its manifest alone, and why.
  private static func unwritten(
    _ entry: OrderedBooks.Entry, _ drops: [Losses], _ details: [String: String], manifest: String
  ) -> String {
    let books = entry.books
    let why =
      books.in == 0
      ? "none came to it" : books.dropped == books.in ? allDropped(of: entry, drops, details) : "it had none"
    return Terminal.safe("\(entry.stage) wrote no rows: \(why); \(manifest) says so")
  }

  /// Of no row that comes to the condition of rounds is it a loss that it does not satisfy it.
  private static func isUntil(_ stage: String) -> Bool { RoundName(stage)?.stage == RoundName.until }

  /// `not played: rounds 3 to 5 of play`, of all stages that were skipped.
  private static func notPlayed(_ stages: [String]) -> [String] {
    let names = stages.compactMap { RoundName($0) }.filter { !$0.stage.contains(".") }
    return OrderedDictionary(grouping: names, by: \.block).map { block, names in
      let numbers = names.map(\.number)
      let (first, last) = (numbers.min() ?? 0, numbers.max() ?? 0)
      return "not played: \(first == last ? "round \(first)" : "rounds \(first) to \(last)") of \(block)"
    }
  }

  /// `3 rows of cast, 1 row of out`; nil where none failed.
  private static func failed(in summary: RunSummary) -> String? {
    let counts = summary.stages.list.filter { $0.books.failed > 0 }.map { entry in
      "\(entry.books.failed) \(entry.books.failed == 1 ? "row" : "rows") of \(entry.stage)"
    }
    return counts.isEmpty ? nil : counts.joined(separator: ", ")
  }

  /// A row that failed is another thing, and is in the table.
  private static func failedTries(_ count: Int) -> String {
    count == 0 ? "0 failed" : count == 1 ? "1 try failed" : "\(count) tries failed"
  }

  /// The deepest folder that holds every file.
  private static func folder(of exports: [RunSummary.Export]) -> String {
    let folders = exports.map { URL(filePath: $0.path).deletingLastPathComponent().pathComponents }
    let shared = folders.dropFirst().reduce(folders[0]) { all, next in
      zip(all, next).prefix { $0 == $1 }.map(\.0)
    }
    return shared.reduce(URL(filePath: "/")) { $0.appending(path: $1) }.standardizedFileURL.path
  }
}
