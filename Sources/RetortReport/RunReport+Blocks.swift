internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStore

extension RunReport {
  package var title: String { "\(pipeline), run \(run)" }

  /// The report, section by section; a section without anything to say is left out.
  package var blocks: [ReportBlock] {
    overview + funnel + dropReasons + made + cost + toolCalls + samples + reproduction
  }

  // MARK: What it is

  private var overview: [ReportBlock] {
    let spent = calls.map(\.tally).reduce(into: CallTally()) { $0 += $1 }
    let out = exports.map(\.rows).reduce(0, +)
    return [
      .text(
        "\(stages.count) stages; \(status), begun \(started) UTC"
          + (seconds.map { ", \(Figure.seconds($0))" } ?? "")
          + ". "
          + (spent.made == 0
            ? "No model was called"
            : "Its rows took \(Figure.count(spent.made)) model calls, \(Figure.count(spent.promptTokens)) tokens in and "
              + "\(Figure.count(spent.completionTokens)) out (\(spent.cost)), whichever run paid for them")
          + "; \(Figure.count(exports.count)) files with \(Figure.count(out)) rows were written."),
      .heading(2, "Pipeline"),
      .table(
        ["stage", "what", "rows from", "sets from", "models"],
        stages.map { stage in
          let models = OrderedSet(calls.filter { $0.stage == stage.name }.map(\.model))
          return [
            stage.name, stage.kind, stage.from.joined(separator: ", "), stage.using.joined(separator: ", "),
            models.joined(separator: ", "),
          ]
        }, texts: 5),
    ]
  }

  private var funnel: [ReportBlock] {
    let bars = stages.map { stage in
      let books = stage.books
      return Charts.Bar(
        name: stage.name,
        parts: [
          (Double(books.emitted), "s0", "emitted \(books.emitted)"),
          (Double(books.dropped), "s1", "dropped \(books.dropped)"),
          (Double(books.failed), "s3", "failed \(books.failed)"),
          (Double(books.pending), "s4", "pending \(books.pending)"),
        ], note: "→ \(Figure.count(books.rows))")
    }
    let chart = Charts.bars(
      "Rows given to each stage, and rows that came out (→)", bars, x: "input rows",
      keys: [("emitted", "s0"), ("dropped", "s1"), ("failed", "s3"), ("pending", "s4")])
    return [.heading(2, "Funnel")] + Self.plots(chart) + [
      .table(
        ["stage", "in", "emitted", "dropped", "failed", "pending", "rows out"],
        stages.map { stage in
          let books = stage.books
          return [stage.name]
            + [books.in, books.emitted, books.dropped, books.failed, books.pending, books.rows].map(
              Figure.count)
        }, texts: 1),
      .text(
        "in = emitted + dropped + failed + pending. Emitted rows went on, dropped ones ended here for a reason below, failed "
          + "ones are tried again by a resume, pending ones were not come to. Rows out is what was made of those emitted: "
          + "several of one, one of a whole set, or the files of an export."),
    ]
      + stages.filter { $0.books.emitted > 0 && $0.books.rows == 0 }.map { stage in
        .text(
          "\(stage.name) took \(Figure.count(stage.books.emitted)) rows and made none: "
            + (stage.makesNoneWhere ?? "it had nothing to make of them") + ".")
      }
  }

  private var dropReasons: [ReportBlock] {
    guard !drops.isEmpty else { return [] }
    let ordered = stages.flatMap { stage in drops.filter { $0.stage == stage.name } }
    let bars = drops.prefix(15).map { drop in
      Charts.Bar(
        name: "\(drop.stage): \(drop.reason)", parts: [(Double(drop.rows), "s1", "\(drop.rows) rows")],
        note: Figure.count(drop.rows))
    }
    let title = drops.count > 15 ? "Why rows were dropped: the 15 commonest reasons" : "Why rows were dropped"
    return [
      .heading(2, "Drop reasons"),
      .text("Rows, and samples of rows that went on without them."),
    ] + Self.plots(Charts.bars(title, Array(bars), x: "rows and samples")) + [
      .table(
        ["stage", "reason", "rows"], ordered.map { [$0.stage, $0.reason, Figure.count($0.rows)] }, texts: 2)
    ]
  }

  // MARK: What the stages made

  /// Stage by stage: what its kind draws of its rows, then the numbers that it gave them.
  private var made: [ReportBlock] {
    let names = OrderedSet(
      stages.map(\.name) + rewards.map(\.stage) + heads.map(\.stage) + drawn.map(\.stage))
    let sections = names.flatMap { name -> [ReportBlock] in
      let drawn = drawn.filter { $0.stage == name }
      let parts =
        drawn.flatMap(Self.section) + heads.filter { $0.stage == name }.flatMap(Self.section)
        + rewards.filter { $0.stage == name }.flatMap { Self.section($0, isDrawn: !drawn.isEmpty) }
      let kind = stages.first { $0.name == name }.map { " (\($0.kind))" } ?? ""
      return parts.isEmpty ? [] : [.heading(3, name + kind)] + parts
    }
    return sections.isEmpty ? [] : [.heading(2, "What the stages made")] + sections
  }

  private static func section(_ drawn: Drawn) -> [ReportBlock] {
    let blocks = drawn.pictures.flatMap { picture -> [ReportBlock] in
      let title = "\(drawn.stage): \(picture.title)"
      let caption: [ReportBlock] = picture.caption.isEmpty ? [] : [.caption(of: title, picture.caption)]
      if case .text(let text) = picture.form {
        return [.folded(picture.title, [.code(cut(text, 6000))])] + caption
      }
      if case .table(let columns, let lines) = picture.form {
        let words: [ReportBlock] = picture.caption.isEmpty ? [] : [.text(picture.caption)]
        return [.text("\(picture.title):"), .table(columns, lines, texts: 1)] + words
      }
      guard let plot = Charts.drawing(picture, of: drawn.stage) else { return caption }
      let table = Charts.table(picture).map { [ReportBlock.unplotted($0)] } ?? []
      return [.plot(plot)] + caption + table
    }
    guard drawn.rows < drawn.total else { return blocks }
    let part =
      "Drawn from \(Figure.count(drawn.rows)) of \(Figure.count(drawn.total)) rows, in blocks spread evenly over them."
    return blocks + [.text(part)]
  }

  private static func section(_ rewards: Rewards, isDrawn: Bool) -> [ReportBlock] {
    let unit = rewards.unit.isEmpty ? "" : " (\(rewards.unit))"
    var blocks: [ReportBlock] = []
    // How a row stands in its group is drawn within its group, and a verdict is counted.
    func isShown(_ column: Rewards.Column) -> Bool {
      isDrawn && (column.plot.comparesGroup || column.values.allSatisfy { $0 == nil || $0 == 0 || $0 == 1 })
    }
    let plotted = OrderedDictionary(grouping: rewards.columns.filter { !isShown($0) }) {
      $0.plot.shared?.title ?? $0.name
    }
    for columns in plotted.values {
      let series = columns.enumerated().map { place, column in
        Charts.Series(
          name: column.plot.legend ?? column.name, values: column.values.compactMap { $0 }, style: "s\(place)"
        )
      }
      let shared = columns.count > 1 ? columns[0].plot.shared : nil
      blocks += plots(
        Charts.histogram(
          "\(rewards.stage): \(shared?.title ?? columns[0].name)", series,
          x: (shared?.axis ?? columns[0].name) + unit))
    }
    guard let judged = rewards.columns.last, !isShown(judged) || judged.plot.comparesGroup else {
      return blocks
    }
    let outcomes = zip(judged.values, rewards.kept).compactMap { value, kept in value.map { ($0, kept) } }
    let sides = [("kept", true, "s0"), ("not kept", false, "s1")].map { name, kept, style in
      Charts.Series(name: name, values: outcomes.filter { $0.1 == kept }.map(\.0), style: style)
    }
    if sides.allSatisfy({ !$0.values.isEmpty }) {
      blocks += plots(
        Charts.stackedHistogram(
          "\(rewards.stage): \(judged.name) of rows that were kept to the end, and of others", sides,
          x: judged.name + unit))
    }
    blocks.append(summary(rewards))
    let lengths = isShown(judged) ? [] : lengths(rewards, judged, unit)
    return blocks + lengths + (isDrawn ? [] : groups(rewards)) + agreement(rewards)
  }

  private static func summary(_ rewards: Rewards) -> ReportBlock {
    var rows: [[String]] = []
    for column in rewards.columns {
      let pairs = zip(column.values, rewards.kept).compactMap { value, kept in value.map { ($0, kept) } }
      for (name, values) in [
        ("all", pairs.map(\.0)), ("kept", pairs.filter(\.1).map(\.0)),
        ("not kept", pairs.filter { !$0.1 }.map(\.0)),
      ] where !values.isEmpty && (name != "kept" || values.count < pairs.count) {
        let sum = Statistics.mean(values) ?? 0
        // What rounding leaves of numbers that cancel.
        let mean = abs(sum) < 1e-12 * (values.map(abs).max() ?? 0) ? 0 : sum
        rows.append(
          [column.name, name, Figure.count(values.count), Figure.short(mean)]
            + [0, 0.25, 0.5, 0.75, 1].map { Figure.short(Statistics.quantile($0, of: values) ?? 0) })
      }
    }
    return .table(
      ["column", "rows", "n", "mean", "min", "25 %", "median", "75 %", "max"], rows, texts: 2)
  }

  private static func lengths(_ rewards: Rewards, _ judged: Rewards.Column, _ unit: String) -> [ReportBlock] {
    let points = zip(zip(rewards.lengths, judged.values), rewards.kept).compactMap { pair, kept in
      if let length = pair.0, let value = pair.1 {
        return (x: length, y: value, kept: kept)
      } else {
        return nil
      }
    }
    guard let correlation = Statistics.rankCorrelation(points.map { ($0.x, $0.y) }) else { return [] }
    let note = "Spearman ρ = \(String(format: "%.2f", correlation)), n = \(Figure.count(points.count))"
    let chart = Charts.scatter(
      "\(rewards.stage): length against quality",
      [("kept", true, "s0"), ("not kept", false, "s1")].map { name, kept, style in
        Charts.Cloud(name: name, points: points.filter { $0.kept == kept }.map { ($0.x, $0.y) }, style: style)
      }.filter { !$0.points.isEmpty }, x: "length of \(rewards.text) (characters)", y: judged.name + unit,
      note: note)
    return plots(chart) + [
      .caption(
        of: "\(rewards.stage): length against quality",
        "Length of \(rewards.text) in characters against \(judged.name): \(note).")
    ]
  }

  // MARK: Cost

  private var cost: [ReportBlock] {
    guard !calls.isEmpty else { return [] }
    let models = Dictionary(grouping: calls, by: \.stage).mapValues(\.count)
    let bars = calls.map { calls in
      let marks = [0.5, 0.9, 0.99].map { Statistics.quantile($0, of: calls.seconds) ?? 0 }
      return Charts.Bar(
        name: models[calls.stage] == 1 ? calls.stage : "\(calls.stage): \(calls.model)",
        parts: [
          (marks[0], "s0", "half of the calls: up to \(Figure.seconds(marks[0]))"),
          (marks[1] - marks[0], "s2", "90 %: up to \(Figure.seconds(marks[1]))"),
          (marks[2] - marks[1], "s1", "99 %: up to \(Figure.seconds(marks[2]))"),
        ], note: Figure.seconds(marks[2]))
    }
    return [
      .heading(2, "Calls, tokens, cost"),
      .table(
        [
          "stage", "model", "calls", "attempts", "tokens in", "tokens out", "USD", "tokens a call",
          "USD a call",
          "median", "90 %", "99 %", "longest",
        ],
        calls.map { calls in
          [
            calls.stage, calls.model, Figure.count(calls.tally.made), Figure.count(calls.attempts),
            Figure.count(calls.tally.promptTokens), Figure.count(calls.tally.completionTokens),
            calls.tally.amount, calls.tally.tokensACall, calls.tally.amountACall,
          ]
            + [0.5, 0.9, 0.99, 1].map { share in
              Figure.seconds(Statistics.quantile(share, of: calls.seconds) ?? 0)
            }
        }, texts: 2),
      .text(
        "A turn of a rollout is a call. Attempts are the tries that the answered calls took, retries included. Latency is the time an endpoint took for "
          + "the try that succeeded. Tries that failed, whether a further one was answered or none: "
          + "\(Figure.count(failedTries)) in this run."
          + (calls.contains { $0.tally.unpriced > 0 }
            ? " A model without a price in the file has no known cost." : "")),
    ]
      + Self.plots(
        Charts.bars(
          "Latency of a call", bars, x: "seconds",
          keys: [("median", "s0"), ("to 90 %", "s2"), ("to 99 %", "s1")]))
      + Self.plots(Charts.rate("Throughput: replies over time", arrivals, y: "replies a minute"))
  }

  // MARK: Samples

  private var samples: [ReportBlock] {
    var blocks: [ReportBlock] = []
    for (title, samples) in [("Kept rows", kept), ("Dropped rows", dropped)] where !samples.isEmpty {
      blocks.append(.heading(2, title))
      blocks += samples.map { sample in
        let reason = sample.reason.isEmpty ? "" : " — \(Self.cut(sample.reason, 300))"
        return .folded(
          "\(sample.stage): \([sample.source, sample.row].filter { !$0.isEmpty }.joined(separator: ", "))\(reason)",
          [.fields(sample.columns.map { [$0.key, Self.cut($0.value.string ?? $0.value.text, 1500)] })])
      }
    }
    return blocks
  }

  private static func cut(_ text: String, _ length: Int) -> String {
    text.count <= length ? text : "\(text.prefix(length))… (\(text.count) characters)"
  }

  // MARK: Again

  private var reproduction: [ReportBlock] {
    var blocks: [ReportBlock] = [
      .heading(2, "How to reproduce"),
      .code(command),
    ]
    if !variables.isEmpty {
      blocks.append(
        .table(
          ["variable of the file", "value", "from"],
          variables.map { [$0.name, $0.value ?? "a key, not recorded", $0.set ? "environment" : "default"] },
          texts: 3))
    }
    if !keyVariables.isEmpty {
      blocks.append(
        .text(
          "Keys are read from \(keyVariables.joined(separator: ", ")); their values are recorded nowhere."))
    }
    blocks += [
      .text(
        "A step is known by its stage's fingerprint (the digest of kind, version and settings, prompts included) and its "
          + "input. The same fingerprints and data make the same requests."),
      .table(
        ["stage", "kind", "version", "fingerprint"],
        stages.map { [$0.name, $0.kind, "\($0.version)", $0.fingerprint ?? "not begun"] }, texts: 4),
    ]
    if !exports.isEmpty {
      blocks += Self.plots(filesChart)
      blocks.append(
        .folded(
          "\(exports.count) files written",
          [
            .table(
              ["stage", "file", "rows", "sha256"],
              exports.map { [$0.stage, $0.path, Figure.count($0.rows), $0.sha256] }, texts: 4)
          ]))
    }
    if let resolved { blocks.append(.folded("Settings as they were read", [.code(Self.indented(resolved))])) }
    return blocks
  }

  /// Rows in the largest files; nil for fewer than two.
  private var filesChart: HTMLText? {
    let files = exports.filter { $0.rows > 0 }.sorted { ($1.rows, $0.path) < ($0.rows, $1.path) }
    guard files.count > 1 else { return nil }
    let shared = Self.folder(of: files.map(\.path))
    return Charts.bars(
      files.count > 15 ? "Rows in the 15 largest files" : "Rows in the files written",
      files.prefix(15).map { file in
        Charts.Bar(
          name: String(file.path.dropFirst(shared.count)), parts: [(Double(file.rows), "s0", file.path)],
          note: Figure.count(file.rows))
      }, x: "rows")
  }

  /// The beginning that all paths share, up to a slash.
  private static func folder(of paths: [String]) -> String {
    let shared = paths.dropFirst().reduce(paths.first ?? "") { $0.commonPrefix(with: $1) }
    return shared.lastIndex(of: "/").map { String(shared[...$0]) } ?? ""
  }

  /// JSON with two spaces for each level; members that are null are settings at their default, and left out.
  private static func indented(_ value: JSON, _ indent: String = "") -> String {
    let inner = indent + "  "
    switch value {
    case .object(let fields):
      let lines = fields.filter { $0.value != .null }.map { name, value in
        "\(inner)\(JSON.string(name).text): \(indented(value, inner))"
      }
      return lines.isEmpty ? "{}" : "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
    case .array(let elements) where elements.contains(where: { $0.object != nil || $0.array != nil }):
      return "[\n\(elements.map { inner + indented($0, inner) }.joined(separator: ",\n"))\n\(indent)]"
    default: return value.text
    }
  }

  private static func plots(_ chart: HTMLText?) -> [ReportBlock] { chart.map { [.plot($0)] } ?? [] }
}
