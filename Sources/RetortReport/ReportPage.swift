internal import RetortCore
internal import RetortRun
internal import RetortStore

/// A report as one HTML file: no script, nothing loaded from anywhere, light or dark as the reader's system is.
package enum ReportPage {
  package static func html(_ report: RunReport) -> String {
    let blocks = report.blocks
    let sections = blocks.compactMap { block in
      if case .heading(2, let title) = block { title } else { nil }
    }
    let links = HTMLText(sections.map { "<a href=\"#\(anchor($0))\">\($0)</a>" })
    let page: HTMLText = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>\(report.title)</title>
      <style>
      \(style)
      </style>
      </head>
      <body>
      <main>
      <h1>\(report.title)</h1>
      <nav aria-label="Sections">
      \(links)
      </nav>
      \(markup(blocks))
      </main>
      </body>
      </html>

      """
    return page.description
  }

  /// Plots that follow each other stand side by side where there is room, each with its caption below it.
  private static func markup(_ blocks: [ReportBlock]) -> HTMLText {
    var parts: [HTMLText] = []
    var plots: [HTMLText] = []
    var place = 0
    while place < blocks.count {
      if case .plot(let svg) = blocks[place] {
        var caption: HTMLText = ""
        if place + 1 < blocks.count, case .caption(_, let text) = blocks[place + 1] {
          caption = "<figcaption>\(text)</figcaption>"
          place += 1
        }
        plots.append("<figure>\(svg)\(caption)</figure>")
      } else if case .unplotted = blocks[place] {
        // It stands for one of the plots.
      } else {
        if !plots.isEmpty { parts.append("<div class=\"plots\">\(HTMLText(plots))</div>") }
        plots = []
        parts.append(markup(blocks[place]))
      }
      place += 1
    }
    if !plots.isEmpty { parts.append("<div class=\"plots\">\(HTMLText(plots))</div>") }
    return HTMLText(parts)
  }

  private static func markup(_ block: ReportBlock) -> HTMLText {
    switch block {
    case .heading(2, let text): "<h2 id=\"\(anchor(text))\">\(text)</h2>"
    case .heading(_, let text): "<h3>\(text)</h3>"
    case .text(let text): "<p>\(text)</p>"
    case .plot(let svg): "<figure>\(svg)</figure>"
    case .caption(_, let text): "<p>\(text)</p>"
    case .unplotted: ""
    case .code(let text): "<pre>\(text)</pre>"
    case .fields(let fields):
      "<dl>\(HTMLText(fields.map { "<dt>\($0[0])</dt><dd>\($0[1])</dd>" }))</dl>"
    case .folded(let summary, let blocks):
      "<details><summary>\(summary)</summary>\(HTMLText(blocks.map(markup)))</details>"
    case .table(let columns, let rows, let texts):
      """
      <div class="wide"><table>
      <thead><tr>\(cells("th", columns, texts))</tr></thead>
      <tbody>
      \(HTMLText(rows.map { "<tr>\(cells("td", $0, texts))</tr>" }))
      </tbody></table></div>
      """
    }
  }

  private static func cells(_ tag: String, _ cells: [String], _ texts: Int) -> HTMLText {
    HTMLText(
      cells.enumerated().map { place, cell in
        place < texts ? "<\(tag)>\(cell)</\(tag)>" : "<\(tag) class=\"number\">\(cell)</\(tag)>"
      })
  }

  private static func anchor(_ title: String) -> String {
    String(title.lowercased().map { $0.isASCII && $0.isLetter ? $0 : "-" })
  }

  private static let style: HTMLText = """
    :root { --page: #fff; --ink: #1d2329; --soft: #5c6670; --line: #d9dee3; --panel: #f5f7f9;
      --s0: #2f6db3; --s1: #d9822b; --s2: #4a9d6f; --s3: #c23b3b; --s4: #98a2ad; --link: #2f6db3; }
    @media (prefers-color-scheme: dark) {
      :root { --page: #14181c; --ink: #e4e8ec; --soft: #9aa5b0; --line: #343c44; --panel: #1d2328;
        --s0: #6ea8e6; --s1: #f0a658; --s2: #74c79a; --s3: #ec7b7b; --s4: #75808b; --link: #8cbcf0; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
    main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
    h1 { font-size: 1.7rem; margin: 0 0 .5rem; }
    h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
    h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
    a { color: var(--link); }
    nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-bottom: 1rem; font-size: .95rem; }
    p { max-width: 46rem; }
    .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1.25rem 2rem;
      align-items: start; margin: 1rem 0; }
    figure { margin: 0; max-width: 32rem; }
    figure:has(.wide) { grid-column: 1 / -1; max-width: 46rem; }
    figcaption { color: var(--soft); font-size: .9rem; margin: .25rem .25rem 0; }
    svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
    svg text { fill: var(--soft); }
    svg .title { fill: var(--ink); font-size: 13px; font-weight: 600; }
    .grid { stroke: var(--line); } .axis { stroke: var(--soft); }
    .s0 { fill: var(--s0); stroke: var(--s0); } .s1 { fill: var(--s1); stroke: var(--s1); }
    .s2 { fill: var(--s2); stroke: var(--s2); } .s3 { fill: var(--s3); stroke: var(--s3); }
    .s4 { fill: var(--s4); stroke: var(--s4); }
    .line { fill: none; stroke-width: 1.4; }
    rect { stroke-width: 0; } .area { fill-opacity: .28; stroke-width: 1.6; }
    circle { fill-opacity: .55; stroke-width: 0; }
    .wide { overflow-x: auto; margin: 1rem 0; }
    table { border-collapse: collapse; font-size: .9rem; }
    th, td { padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: top;
      border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
    td:first-child { white-space: nowrap; }
    th { color: var(--soft); font-weight: 600; white-space: nowrap; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    details { margin: .4rem 0; background: var(--panel); border-radius: 6px; padding: .45rem .8rem; }
    summary { cursor: pointer; overflow-wrap: anywhere; }
    pre, dd { white-space: pre-wrap; overflow-wrap: anywhere; font: .85rem/1.5 ui-monospace, monospace; }
    pre { background: var(--panel); padding: .75rem; border-radius: 6px; }
    dt { color: var(--soft); font-size: .85rem; margin-top: .6rem; }
    dd { margin: 0; }
    """
}
