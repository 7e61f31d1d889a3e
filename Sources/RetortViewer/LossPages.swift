internal import RetortCore
internal import RetortReport
internal import RetortStore

/// Dropped and failed rows, by reason.
struct LossPages {
  let viewer: Viewer

  func page(_ run: Int64, _ query: Query) async throws -> Page {
    let outline = try await viewer.outline(of: run)
    if let stage = query["stage"], let reason = query["reason"] {
      return try await list(outline, stage: stage, reason: reason, after: try query.number("after") ?? 0)
    }
    let figures = try await viewer.figures.figures(of: outline.run)
    let dropped = outline.stages.compactMap { stage -> HTMLText? in
      let losses = figures.dropped.filter { $0.stage == stage.name }
      return losses.isEmpty
        ? nil : Self.section(stage.name, losses) { Link.dropped(run, stage: $0.stage, reason: $0.reason) }
    }
    let failed = outline.stages.compactMap { stage -> HTMLText? in
      let losses = figures.failed.filter { $0.stage == stage.name }
      return losses.isEmpty ? nil : Self.section("\(stage.name)", losses) { _ in nil }
    }
    return Page(
      title: "Dropped and failed rows", trail: viewer.trail(outline.run),
      body: """
        <h2>Dropped</h2>
        \(dropped.isEmpty ? "<p>No row was dropped.</p>" : HTMLText(dropped))
        <h2>Failed</h2>
        \(failed.isEmpty ? "<p>No row failed.</p>" : HTMLText(failed))
        """)
  }

  private static func section(_ name: String, _ losses: [Losses], _ address: (Losses) -> String?) -> HTMLText
  {
    let lines = losses.map { loss -> [HTMLText] in
      let isListed = loss.samples.contains { $0.occurrence != nil }
      let reason = isListed ? address(loss).map { PageParts.link($0, loss.reason) } : nil
      return [reason ?? "\(loss.reason)", HTMLText(loss.samples.map(sample)), PageParts.count(loss.rows)]
    }
    return "<h3 id=\"\(name)\">\(name)</h3>\n"
      + PageParts.table(
        "Reasons at \(name), the commonest first", ["reason", "samples", "rows"], lines, texts: 2)
  }

  private static func sample(_ row: LostRow) -> HTMLText {
    let detail: HTMLText = row.detail.isEmpty ? "" : ": \(String(row.detail.prefix(300)))"
    guard let occurrence = row.occurrence else { return "<div>\(row.source)\(detail)</div>" }
    return "<div>\(PageParts.link(Link.row(occurrence), "\(row.source) \(row.id)"))\(detail)</div>"
  }

  private func list(_ outline: RunOutline, stage name: String, reason: String, after: Int64) async throws
    -> Page
  {
    let run = outline.run.id
    let stage = try viewer.stage(name, of: outline)
    let rows = try await viewer.store.inspector.dropped(
      of: run, stage: stage.ordinal, reason: reason, after: after, limit: 51)
    guard !rows.isEmpty else {
      throw Refusal(
        .notFound, "expected rows that \(name) dropped for '\(reason.prefix(80))', found none",
        back: (Link.dropped(run), "dropped and failed rows"))
    }
    let shown = rows.prefix(50)
    let lines = shown.map { row -> [HTMLText] in
      [
        row.occurrence.map { PageParts.link(Link.row($0), row.id) } ?? "\(row.id)", "\(row.source)",
        "\(row.detail)",
      ]
    }
    let more: HTMLText =
      if rows.count > 50, let last = shown.last?.occurrence {
        PageParts.link(Link.dropped(run, stage: name, reason: reason, after: last), "Next 50")
      } else { "" }
    let first: HTMLText =
      after > 0 ? PageParts.link(Link.dropped(run, stage: name, reason: reason), "First page") : ""
    return Page(
      title: "Dropped by \(name)",
      trail: viewer.trail(outline.run) + [(Link.dropped(run), "Dropped and failed rows")],
      body: """
        <p>Reason: \(reason)</p>
        \(PageParts.table("Rows that \(name) dropped", ["row", "source", "detail"], lines, texts: 3))
        <nav class="pages" aria-label="Pages">\(first) \(more)</nav>
        """)
  }
}
