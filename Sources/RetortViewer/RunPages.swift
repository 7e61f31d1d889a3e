internal import RetortCore
internal import RetortReport
internal import RetortStore

/// The list of runs, and one run with its picture.
struct RunPages {
  let viewer: Viewer

  func home() async throws -> Page {
    let runs = try await viewer.store.inspector.runLines(limit: 100)
    guard let newest = runs.first, let outline = try await viewer.store.inspector.outline(of: newest.id)
    else {
      return Page(
        title: "Runs",
        body: """
          <p id="status" role="status">The store has no run yet. <code>retort run FILE</code> makes one; this page shows \
          it then.</p>
          """, seconds: 2)
    }
    let calls = try await viewer.figures.calls()
    let lines = runs.map { run -> [HTMLText] in
      let spent = Self.sum(calls[run.id])
      return [
        PageParts.link(Link.run(run.id), "\(run.id)"), "\(run.pipeline)", "\(run.status)", "\(run.started)",
        "\(run.seconds.map(Figure.seconds) ?? "")", PageParts.count(spent.made),
        PageParts.count(spent.promptTokens + spent.completionTokens), "\(spent.amount)",
      ]
    }
    let table = PageParts.table(
      "Runs, newest first; times are UTC",
      ["run", "pipeline", "status", "started", "took", "calls", "tokens", "USD"], lines, texts: 4)
    let compare: HTMLText = runs.count < 2 ? "" : Self.comparison(runs)
    return Page(
      title: "Runs",
      body: """
        \(try await overview(outline, heading: "Newest run: \(newest.id) of \(newest.pipeline)"))
        <h2>All runs</h2>
        <div id="runs" data-live>\(table)</div>
        \(compare)
        """, seconds: newest.isRunning ? 2 : 10)
  }

  func run(_ id: Int64) async throws -> Page {
    let outline = try await viewer.outline(of: id)
    return Page(
      title: "Run \(id) of \(outline.run.pipeline)", body: try await overview(outline, heading: nil),
      seconds: outline.run.isRunning ? 2 : nil)
  }

  static func sum(_ stages: [String: CallTally]?) -> CallTally {
    var sum = CallTally()
    for stage in (stages ?? [:]).values { sum += stage }
    return sum
  }

  private static func comparison(_ runs: [RunListing]) -> HTMLText {
    func options(_ chosen: Int) -> HTMLText {
      HTMLText(
        runs.enumerated().map { place, run in
          "<option value=\"\(Int(run.id))\"\(place == chosen ? " selected" : "")>\(Int(run.id)), \(run.pipeline)</option>"
        })
    }
    return """
      <form class="tools" action="/compare/runs">
      <div><label for="old">Compare run</label> <select id="old" name="old">\(options(1))</select></div>
      <div><label for="new">with run</label> <select id="new" name="new">\(options(0))</select></div>
      <button>Compare</button>
      </form>
      """
  }

  private func overview(_ outline: RunOutline, heading: String?) async throws -> HTMLText {
    let run = outline.run
    let figures = try await viewer.figures.figures(of: run)
    let calls = try await viewer.figures.calls()[run.id] ?? [:]
    let title: HTMLText = heading.map { "<h2 id=\"newest\">\($0)</h2>" } ?? ""
    let status = run.isRunning ? "Run \(run.id) is running." : "Run \(run.id): \(run.status)."
    let took = run.seconds.map { ", \(Figure.seconds($0))" } ?? ""
    return """
      \(title)
      <p id="status" role="status" aria-live="polite">\(status)</p>
      <p class="soft">\(run.file), begun \(run.started) UTC\(took)</p>
      <div id="figures" data-live>\(Self.figures(Self.sum(calls)))</div>
      <div id="picture" class="picture" data-live>\(Picture.svg(outline, figures.books))</div>
      <p class="soft">Solid lines: rows that flow; dashed: whole sets that are read beside them. The bar in a box: \
      \(Self.key).</p>
      <div id="stages" data-live>\(Self.stages(outline, figures.books, calls))</div>
      <div id="losses" data-live>\(Self.losses(run.id, figures))</div>
      """
  }

  private static let key = HTMLText(
    [("s0", "emitted,"), ("s1", "dropped,"), ("s3", "failed,"), ("s4", "waiting")].map { style, name in
      "<span class=\"swatch \(style)\"></span>\(name)"
    })

  private static func figures(_ spent: CallTally) -> HTMLText {
    let figures =
      [
        ("Calls", Figure.count(spent.made)), ("Failed tries", Figure.count(spent.failed)),
        ("Tokens in", Figure.count(spent.promptTokens)), ("Tokens out", Figure.count(spent.completionTokens)),
        ("Cost", spent.cost),
      ]
      + (spent.estimatedTokens == 0
        ? [] : [("Of the tokens, estimated", Figure.count(spent.estimatedTokens))])
    return """
      <dl class="figures">
      \(HTMLText(figures.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }))
      </dl>
      """
  }

  private static func stages(_ outline: RunOutline, _ books: OrderedBooks, _ calls: [String: CallTally])
    -> HTMLText
  {
    let run = outline.run.id
    let lines = outline.stages.map { stage -> [HTMLText] in
      let (books, spent) = (books[stage.name] ?? Books(), calls[stage.name] ?? CallTally())
      func lost(_ shown: Int, _ all: Int) -> HTMLText {
        all > 0
          ? PageParts.link(Link.dropped(run) + "#\(stage.name)", Figure.count(shown)) : PageParts.count(0)
      }
      return [
        PageParts.link(Link.stage(run, stage.name), stage.name), "\(stage.kind)", PageParts.count(books.in),
        PageParts.count(books.emitted),
        lost(books.dropped, books.dropped + books.leftOut), lost(books.failed, books.failed),
        PageParts.count(books.pending), PageParts.count(books.reused),
        PageParts.count(books.rows),
        PageParts.count(spent.made), PageParts.count(spent.promptTokens),
        PageParts.count(spent.completionTokens),
        "\(spent.amount)",
      ]
    }
    return PageParts.table(
      "Stages; calls, tokens and cost are those that this run paid for",
      [
        "stage", "what", "in", "emitted", "dropped", "failed", "waiting", "reused", "rows", "calls",
        "tokens in",
        "tokens out", "USD",
      ], lines, texts: 2)
  }

  private static func losses(_ run: Int64, _ figures: Figures.Run) -> HTMLText {
    let (dropped, failed) = (
      figures.dropped.map(\.rows).reduce(0, +), figures.failed.map(\.rows).reduce(0, +)
    )
    guard dropped + failed > 0 else { return "" }
    return """
      <p>\(PageParts.link(Link.dropped(run), "Why \(PageParts.number(dropped, "drop")) and \(PageParts.number(failed, "failure"))"))</p>
      """
  }
}
