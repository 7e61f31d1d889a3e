internal import Foundation
internal import OrderedCollections
package import RetortCore
internal import RetortRun
package import RetortStore

extension RunReport {
  /// Reads what a report of a run shows, as the store is at one moment.
  ///
  /// - Parameter catalog: says of the stages' kinds what is worth showing.
  /// Errors: ``NotFound`` when there is no such run; the store's.
  package static func read(_ run: Int64, from inspector: Inspector, catalog: Catalog) async throws
    -> RunReport
  {
    let inspector = try await inspector.atOneMoment()
    guard let recorded = try await inspector.recordedRun(run),
      let line = try await inspector.line(of: run)
    else { throw NotFound("expected a run, found none numbered \(run)") }
    let drops = try await inspector.drops(of: run)
    let reader = ReportReader(
      inspector: inspector, run: run, stages: try await inspector.stages(of: run),
      resolved: recorded.resolved, catalog: catalog)
    let (calls, arrivals) = try await reader.calls()
    return RunReport(
      run: run, pipeline: line.pipeline, file: line.file, status: recorded.status, started: line.started,
      seconds: line.seconds, flags: recorded.flags.mapStrings(KeyShape.hidden(setting:)),
      resolved: recorded.resolved, stages: try await reader.described(), drops: drops,
      rewards: try await reader.rewards(), heads: try await reader.heads(),
      drawn: try await reader.drawn(), tools: try await inspector.toolTallies(of: run), calls: calls,
      failedTries: try await inspector.failedTries(of: run), arrivals: arrivals,
      kept: try await reader.kept(), dropped: try await reader.dropped(drops),
      exports: try await reader.exports())
  }
}

/// Reads the parts of a report.
private struct ReportReader {
  let inspector: Inspector
  let run: Int64
  let stages: [RecordedStage]
  /// The pipeline as it was read; nil for runs of early versions.
  let resolved: JSON?
  let catalog: Catalog

  private func exports(_ stage: RecordedStage) -> Bool { catalog[stage.kind]?.exports ?? false }

  /// Rows that are drawn of a stage, about.
  private static let mostDrawn = 4000

  /// Added column to the name it was written under.
  private func renames(of stage: RecordedStage) -> [String: String] {
    let renames = resolved?["stages"]?[stage.name]?["as"]?.object ?? [:]
    return Dictionary(uniqueKeysWithValues: renames.compactMap { key, to in to.string.map { (key, $0) } })
  }

  func described() async throws -> [RunReport.Stage] {
    let books = try await inspector.books(of: run)
    return stages.map { stage in
      RunReport.Stage(
        name: stage.name, kind: stage.kind, version: stage.version, fingerprint: stage.fingerprint,
        from: stage.from, using: stage.using, books: books[stage.name] ?? Books(),
        makesNoneWhere: catalog[stage.kind]?.makesNoneWhere)
    }
  }

  /// The stages whose rows are the product: what exports take, or what nobody takes.
  private var ends: [RecordedStage] {
    let exported = Set(stages.filter(exports).flatMap(\.from))
    if !exported.isEmpty { return stages.filter { exported.contains($0.name) } }
    let taken = Set(stages.flatMap { $0.from + $0.using })
    return stages.filter { !taken.contains($0.name) }
  }

  // MARK: Rewards

  /// Numbers that stages added and that their kinds say are worth a plot; four columns of a stage at most.
  func rewards() async throws -> [RunReport.Rewards] {
    var found: [RunReport.Rewards] = []
    var known: [String: [String]] = [:]
    for stage in stages where !exports(stage) { known[stage.name] = try await columns(of: stage) }
    for stage in stages where !exports(stage) {
      let columns = known[stage.name] ?? []
      let given = Set(stage.from.flatMap { known[$0] ?? [] })
      var numbers: [RunReport.Rewards.Column] = []
      let plots = catalog[stage.kind]?.plots ?? .speakingOfRewards
      for plot in plots.of(columns.filter { !given.contains($0) }, renames: renames(of: stage)) {
        let values = try await self.numbers(plot.name, of: stage)
        if values.contains(where: { $0 != nil }) { numbers.append(.init(plot, values: values)) }
        if numbers.count == 4 { break }
      }
      guard !numbers.isEmpty else { continue }
      found.append(try await rewards(numbers, of: stage, columns: columns))
    }
    return found
  }

  /// As they were recorded; of a stage behind a reader that could not tell them, as its first rows have them.
  private func columns(of stage: RecordedStage) async throws -> [String] {
    if let columns = stage.columns { return columns }
    return try await inspector.columns(of: stage.ordinal, run: run)
  }

  /// What each stage's kind draws of its rows. A picture without anything in it is left out.
  func drawn() async throws -> [RunReport.Drawn] {
    var drawn: [RunReport.Drawn] = []
    for stage in stages {
      let recorded = resolved?["stages"]?[stage.name]?["with"] ?? .null
      guard let drawing = catalog[stage.kind]?.drawing(recorded) else { continue }
      // Of a kind whose keys say what it adds, all that is renamed is its own.
      let (renames, own) = (renames(of: stage), catalog[stage.kind]?.adds.map(Set.init))
      func written(_ column: String) -> String {
        own?.contains(column) == false ? column : renames[column] ?? column
      }
      let sample = try await inspector.sample(
        drawing.columns.map(written), of: stage.ordinal, run: run, most: Self.mostDrawn)
      let rows = sample.rows.map { row in
        Columns(
          JSON.Object(
            drawing.columns.map { ($0, row[written($0)] ?? .null) }, uniquingKeysWith: { first, _ in first }))
      }
      guard !rows.isEmpty else { continue }
      let pictures = drawing.pictures(rows).filter { !$0.isEmpty }
      if !pictures.isEmpty {
        drawn.append(.init(stage: stage.name, pictures: pictures, rows: rows.count, total: sample.total))
      }
    }
    return drawn
  }

  private func rewards(
    _ numbers: [RunReport.Rewards.Column], of stage: RecordedStage, columns: [String]
  ) async throws -> RunReport.Rewards {
    let text = SharedColumns.judged.first(where: columns.contains) ?? ""
    var rewards = RunReport.Rewards(
      stage: stage.name, unit: numbers.first?.plot.unit ?? "", columns: numbers,
      kept: try await inspector.reach(of: stage.ordinal, to: ends.map(\.ordinal), run: run),
      lengths: try await text.isEmpty ? [] : inspector.lengths(text, of: stage.ordinal, run: run), text: text)
    if columns.contains(SharedColumns.group) {
      rewards.groups = try await texts(SharedColumns.group, of: stage)
    }
    if columns.contains(SharedColumns.length) {
      rewards.tokens = try await self.numbers(SharedColumns.length, of: stage)
    }
    if columns.contains(SharedColumns.correct) {
      rewards.correct = try await texts(SharedColumns.correct, of: stage).map {
        $0 == "1" ? true : $0 == "0" ? false : nil
      }
    }
    return rewards
  }

  private func numbers(_ column: String, of stage: RecordedStage) async throws -> [Double?] {
    try await inspector.numbers(column, of: stage.ordinal, run: run)
  }

  private func texts(_ column: String, of stage: RecordedStage) async throws -> [String?] {
    try await inspector.texts(column, of: stage.ordinal, run: run)
  }

  func heads() async throws -> [RunReport.Head] {
    var heads: [RunReport.Head] = []
    for stage in stages {
      guard let columns = catalog[stage.kind]?.heads else { continue }
      for row in try await inspector.contents(of: stage.ordinal, run: run) {
        guard let fitted = row.columns[columns.fitted], let plain = row.columns[columns.plain] else {
          continue
        }
        heads.append(
          RunReport.Head(
            stage: stage.name, heldOut: try fitted.decode(HeadReport.self),
            bradleyTerry: try plain.decode(HeadReport.self)))
      }
    }
    return heads
  }

  // MARK: Calls

  /// What the run's rows took, by stage and model, and when each reply came.
  func calls() async throws -> (calls: [RunReport.Calls], arrivals: [Double]) {
    var found: OrderedDictionary<[String], RunReport.Calls> = [:]
    var times: [Int64: (run: Int64, at: Double)] = [:]
    let names = Dictionary(stages.map { ($0.ordinal, $0.name) }) { first, _ in first }
    for reply in try await inspector.usedReplies(of: run) {
      let stage = names[reply.stage] ?? ""
      var calls = found[[stage, reply.model]] ?? RunReport.Calls(stage: stage, model: reply.model)
      calls.tally.made += 1
      if reply.usd == nil { calls.tally.unpriced += 1 }
      calls.tally.add(
        promptTokens: reply.promptTokens, completionTokens: reply.completionTokens, usd: reply.usd ?? 0)
      calls.attempts = calls.attempts.adding(bounded: reply.attempts)
      calls.seconds.append(min(max(0, reply.seconds), 1e9))
      found[[stage, reply.model]] = calls
      if let run = reply.run { times[reply.id] = (run, reply.at) }
    }
    return (Array(found.values), try await arrivals(Array(times.values)))
  }

  private func arrivals(_ times: [(run: Int64, at: Double)]) async throws -> [Double] {
    var arrivals: [Double] = []
    var before = 0.0
    for (run, times) in Dictionary(grouping: times, by: \.run).sorted(by: { $0.key < $1.key }) {
      let moments = times.map(\.at)
      let (first, last) = (moments.min() ?? 0, moments.max() ?? 0)
      let known = try await inspector.span(of: run)
      let start = min(known?.started ?? first, first)
      arrivals += moments.sorted().map { before + $0 - start }
      before += max(known?.finished ?? last, last) - start
    }
    return arrivals
  }

  // MARK: Samples and files

  func kept() async throws -> [RunReport.Sample] {
    var samples: [RunReport.Sample] = []
    for stage in ends.filter({ !exports($0) }).prefix(2) {
      samples += try await inspector.contents(of: stage.ordinal, run: run, limit: 3).map {
        RunReport.Sample(stage: stage.name, row: $0.id, source: $0.source, reason: "", columns: $0.columns)
      }
    }
    return samples
  }

  /// One row for each of the commonest reasons, eight at most.
  func dropped(_ drops: [Losses]) async throws -> [RunReport.Sample] {
    var samples: [RunReport.Sample] = []
    for drop in drops.prefix(8) {
      let found = try await inspector.firstDrop(of: run, stage: drop.stage, reason: drop.reason)
      guard let (row, detail) = found else { continue }
      samples.append(
        RunReport.Sample(
          stage: drop.stage, row: row.id, source: row.source,
          reason: drop.reason + (detail.isEmpty ? "" : ": \(detail)"), columns: row.columns))
    }
    return samples
  }

  func exports() async throws -> [RunReport.Export] {
    var exports: [RunReport.Export] = []
    for stage in stages where self.exports(stage) {
      exports += try await inspector.contents(of: stage.ordinal, run: run).map { row in
        RunReport.Export(
          stage: stage.name, path: row.columns["path"]?.string ?? "",
          rows: Int(row.columns["rows"]?.int ?? 0), sha256: row.columns["sha256"]?.string ?? "")
      }
    }
    return exports
  }
}
