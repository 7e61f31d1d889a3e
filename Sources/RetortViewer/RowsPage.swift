internal import RetortCore
internal import RetortReport
internal import RetortStore

/// The rows of a stage: searched, filtered, sorted, page by page.
struct RowsPage {
  let viewer: Viewer
  private let size = 50

  init(viewer: Viewer) { self.viewer = viewer }

  func page(_ run: Int64, _ name: String, _ query: Query) async throws -> Page {
    let outline = try await viewer.outline(of: run)
    let stage = try viewer.stage(name, of: outline)
    let ask = try asked(stage, run: run, query)
    let found = try await viewer.browser.page(ask)
    var goesOn: (Int, String)?
    if found.sorted < found.total, ask.order != nil, !outline.run.isRunning {
      goesOn = (0, address(ask, stage, from: ask.from))
    } else if found.entries.isEmpty, let next = found.next {
      goesOn = (0, address(ask, stage, from: next))
    }
    let names = outline.stages.map { other -> HTMLText in
      other.name == name
        ? "<li><a href=\"\(Link.stage(run, other.name))\" aria-current=\"page\">\(other.name)</a></li>"
        : "<li>\(PageParts.link(Link.stage(run, other.name), other.name))</li>"
    }
    return Page(
      title: "Rows of \(name)", trail: viewer.trail(outline.run),
      body: """
        <nav class="stages" aria-label="Stages"><ul>\(HTMLText(names))</ul></nav>
        <p class="soft">\(stage.kind), run \(Int(run))</p>
        \(form(ask, stage))
        <p role="status">\(Self.words(ask, found))</p>
        \(found.entries.isEmpty ? "" : table(ask, stage, found))
        \(pages(ask, stage, found))
        """, goesOn: goesOn)
  }

  private func asked(_ stage: RunOutline.Stage, run: Int64, _ query: Query) throws -> RowQuery {
    let chosen = query.all("show")
    if let other = chosen.first(where: { !stage.columns.contains($0) }) {
      throw Refusal(
        .badRequest, "expected a column of \(stage.name), found '\(other.prefix(80))'",
        back: (Link.stage(run, stage.name), "the rows of \(stage.name)"))
    }
    let columns = Array(stage.columns.filter { chosen.isEmpty || chosen.contains($0) }.prefix(40))
    func column(_ name: String) throws -> String? {
      guard let value = query[name] else { return nil }
      guard stage.columns.contains(value) else {
        throw Refusal(
          .badRequest, "expected a column of \(stage.name), found '\(value.prefix(80))'",
          back: (Link.stage(run, stage.name), "the rows of \(stage.name)"))
      }
      return value
    }
    var filter: RowQuery.Filter?
    if let name = try column("column"), let value = query["value"] {
      let test = query["test"].flatMap(RowQuery.Test.init(rawValue:)) ?? .equals
      if test == .atLeast || test == .atMost, Double(value) == nil {
        throw Refusal(
          .badRequest, "expected a number to compare \(name) with, found '\(value.prefix(80))'",
          back: (Link.stage(run, stage.name), "the rows of \(stage.name)"))
      }
      filter = .init(column: name, test: test, value: value)
    }
    let order = try column("sort").map { RowQuery.Order(column: $0, descending: query["order"] == "down") }
    return RowQuery(
      run: run, stage: stage.ordinal, columns: columns, search: query["q"] ?? "", filter: filter,
      order: order,
      from: Int(clamping: try query.number("from") ?? 0), limit: size)
  }

  private func address(
    _ ask: RowQuery, _ stage: RunOutline.Stage, from: Int, order: RowQuery.Order?? = nil
  ) -> String {
    let order = order ?? ask.order
    return Link.address(
      Link.stage(ask.run, stage.name),
      [
        ("q", ask.search.isEmpty ? nil : ask.search), ("column", ask.filter?.column),
        ("test", ask.filter?.test.rawValue),
        ("value", ask.filter?.value), ("sort", order?.column),
        ("order", order?.descending == true ? "down" : nil),
        ("from", from > 0 ? String(from) : nil),
      ] + Self.chosen(ask, stage).map { ("show", $0) })
  }

  /// The columns that somebody chose; none where all are shown that can be.
  private static func chosen(_ ask: RowQuery, _ stage: RunOutline.Stage) -> [String] {
    ask.columns == Array(stage.columns.prefix(40)) ? [] : ask.columns
  }

  // MARK: Parts

  private func form(_ ask: RowQuery, _ stage: RunOutline.Stage) -> HTMLText {
    func option(_ value: String, _ name: String, _ chosen: String?) -> HTMLText {
      "<option value=\"\(value)\"\(value == chosen ? " selected" : "")>\(name)</option>"
    }
    let columns = stage.columns.map { option($0, $0, ask.filter?.column) }
    let tests = [
      ("is", "is"), ("contains", "contains"), ("at-least", "is at least"), ("at-most", "is at most"),
    ]
    let kept: HTMLText =
      ask.order.map { order in
        """
        <input type="hidden" name="sort" value="\(order.column)">\
        \(order.descending ? "<input type=\"hidden\" name=\"order\" value=\"down\">" as HTMLText : "")
        """
      } ?? ""
    let shown = Set(ask.columns)
    let choices = stage.columns.map { name -> HTMLText in
      """
      <label><input type="checkbox" name="show" value="\(name)"\(shown.contains(name) ? " checked" : "" as HTMLText)> \
      \(name)</label>
      """
    }
    let isPlain =
      ask.search.isEmpty && ask.filter == nil && ask.order == nil && Self.chosen(ask, stage).isEmpty
    let reset: HTMLText =
      isPlain ? "" : PageParts.link(Link.stage(ask.run, stage.name), "All rows, in their order")
    return """
      <form class="tools" action="\(Link.stage(ask.run, stage.name))">
      <div><label for="q">Text in any column</label> <input id="q" type="search" name="q" value="\(ask.search)"></div>
      <fieldset><legend>and</legend>
      <label for="column">column</label> <select id="column" name="column"><option value="">any</option>\(HTMLText(columns))</select>
      <label for="test">that</label> <select id="test" name="test">\
      \(HTMLText(tests.map { option($0.0, $0.1, ask.filter?.test.rawValue) }))</select>
      <label for="value">value</label> <input id="value" name="value" value="\(ask.filter?.value ?? "")" size="14">
      </fieldset>
      \(kept)
      <details><summary>Columns</summary><div class="choices">\(HTMLText(choices))</div></details>
      <button>Search</button> \(reset)
      </form>
      """
  }

  private static func words(_ ask: RowQuery, _ found: RowPage) -> String {
    let total = PageParts.number(found.total, "row")
    var words: String
    let end = found.next ?? found.total
    if found.total == 0 {
      words = "No rows so far."
    } else if ask.search.isEmpty && ask.filter == nil {
      words =
        found.entries.isEmpty
        ? "No rows beyond \(total)."
        : "Rows \(Figure.count(ask.from + 1)) to \(Figure.count(ask.from + found.entries.count)) of \(total)."
    } else {
      words =
        "\(PageParts.number(found.entries.count, "match")) in rows \(Figure.count(ask.from + 1)) to "
        .replacing("matchs", with: "matches") + "\(Figure.count(max(end, ask.from + 1))) of \(total)."
      if found.entries.isEmpty, found.next != nil { words += " Looking further…" }
    }
    if let order = ask.order {
      words += " Sorted by \(order.column), \(order.descending ? "largest" : "smallest") first"
      words +=
        found.sorted < found.total
        ? ": \(Figure.count(found.sorted)) rows are sorted so far, the page goes on by itself." : "."
    }
    return words
  }

  private func table(_ ask: RowQuery, _ stage: RunOutline.Stage, _ found: RowPage) -> HTMLText {
    let heads = ask.columns.map { name -> HTMLText in
      let isSorted = ask.order?.column == name
      let down = isSorted && ask.order?.descending == true
      let next =
        isSorted
        ? (down ? nil : RowQuery.Order(column: name, descending: true)) : RowQuery.Order(column: name)
      let state: HTMLText = isSorted ? " aria-sort=\"\(down ? "descending" : "ascending")\"" : ""
      let sign = isSorted ? (down ? " ▼" : " ▲") : ""
      return """
        <th scope="col"\(state)>\(PageParts.link(address(ask, stage, from: 0, order: .some(next)), name + sign))</th>
        """
    }
    let lines = found.entries.map { entry -> HTMLText in
      let cells = entry.cells.map { cell -> HTMLText in
        guard let cell else { return "<td class=\"soft\">–</td>" }
        if let images = Self.images(cell) { return "<td>\(images)</td>" }
        let text = cell.count > 300 ? cell.prefix(300) + "…" : cell
        return "<td><div class=\"cut\">\(text)</div></td>"
      }
      return """
        <tr><td><input type="checkbox" name="row" value="\(entry.id)" aria-label="Compare \(entry.id)"></td>\
        <th scope="row" class="key">\(PageParts.link(Link.row(entry.occurrence), entry.id))</th>\
        <td class="key">\(entry.source)</td>\(HTMLText(cells))</tr>
        """
    }
    let hidden = stage.columns.count - ask.columns.count
    let more: HTMLText =
      hidden > 0 ? "<p class=\"soft\">\(hidden) more columns are on each row's page.</p>" : ""
    return """
      <form action="/compare/rows">
      <div class="wide rows" role="region" aria-label="Rows of \(stage.name)" tabindex="0"><table>
      <caption>Rows of \(stage.name); a column's name sorts by it</caption>
      <thead><tr><th scope="col">compare</th><th scope="col">row</th><th scope="col">source</th>\(HTMLText(heads))</tr></thead>
      <tbody>
      \(HTMLText(lines))
      </tbody></table></div>
      \(more)
      <p><button>Compare the two ticked rows</button></p>
      </form>
      """
  }

  /// Nil for what is no reference to an image, and no list of them.
  private static func images(_ cell: String) -> HTMLText? {
    guard cell.hasPrefix("{\"image\":\"") || cell.hasPrefix("[{\"image\":\""),
      let value = try? JSON(parsing: cell)
    else { return nil }
    let images = ImageWords.images(value)
    return images.isEmpty ? nil : ImageMarkup.pictures(images)
  }

  private func pages(_ ask: RowQuery, _ stage: RunOutline.Stage, _ found: RowPage) -> HTMLText {
    let isWhole = ask.search.isEmpty && ask.filter == nil
    var links: [HTMLText] = []
    if ask.from > 0 {
      links.append(PageParts.link(address(ask, stage, from: 0), "First page"))
      if isWhole {
        links.append(PageParts.link(address(ask, stage, from: max(0, ask.from - size)), "Previous \(size)"))
      }
    }
    if let next = found.next {
      links.append(PageParts.link(address(ask, stage, from: next), isWhole ? "Next \(size)" : "Look further"))
      let last = (found.total - 1) / size * size
      if isWhole, last > next { links.append(PageParts.link(address(ask, stage, from: last), "Last page")) }
    }
    return links.isEmpty ? "" : "<nav class=\"pages\" aria-label=\"Pages\">\(HTMLText(links))</nav>"
  }
}
