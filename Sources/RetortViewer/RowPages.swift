internal import OrderedCollections
internal import RetortCore
internal import RetortReport
internal import RetortStore

/// One row: its columns, where it came from, what became of it, and the calls behind it.
struct RowPages {
  let viewer: Viewer

  func row(_ occurrence: Int64) async throws -> Page {
    guard let kin = try await viewer.store.inspector.kin(of: occurrence) else {
      throw Refusal(.notFound, "expected a row numbered \(occurrence) in the store, found none")
    }
    let outline = try await viewer.outline(of: kin.run)
    let stage = kin.place.stage
    let steps = try await viewer.store.inspector.rolloutSteps(ofOccurrence: occurrence, run: kin.run)
    let fields = kin.columns.map { name, value -> HTMLText in
      let shown = Conversation.markup(value, name == "messages" ? steps : [])
      let pictures = ImageMarkup.pictures(ImageWords.images(value))
      return "<dt>\(name)</dt><dd>\(pictures)\(shown ?? ValueMarkup.markup(value, named: name))</dd>"
    }
    return Page(
      title: "Row \(kin.place.id)",
      trail: viewer.trail(outline.run) + [(Link.stage(kin.run, stage), "Rows of \(stage)")],
      body: """
        <p class="soft">From \(stage), descends from \(kin.place.source)</p>
        <h2>Columns</h2>
        <dl>
        \(HTMLText(fields))
        </dl>
        <h2>Made from</h2>
        \(Self.relatives("Ancestors, nearest first", kin.ancestors, "The row comes from a source."))
        <h2>What became of it</h2>
        \(Self.fates(kin.fates))
        \(Self.relatives("Descendants, nearest first", kin.descendants, "Nothing was made of it."))
        <h2>Calls</h2>
        \(try await calls(kin))
        <h2>Compare</h2>
        <form class="tools" action="/compare/rows">
        <input type="hidden" name="row" value="\(kin.place.id)">
        <div><label for="other">with row</label> <input id="other" name="row" placeholder="r_…" required></div>
        <button>Compare</button>
        </form>
        """)
  }

  /// Where the rows are whose identifier begins as given.
  func find(_ id: String) async throws -> Page {
    let places = try await viewer.store.inspector.places(named: id, limit: 50)
    guard !places.isEmpty else {
      throw Refusal(
        .notFound,
        "expected a row's identifier (r_ and at least 4 hex digits of it) or a record (questions:7), found "
          + "'\(id.prefix(80))', which none has"
      )
    }
    return Page(
      title: "Rows named \(id.prefix(80))", body: Self.table("Where they are, newest run first", places))
  }

  func call(_ id: Int64) async throws -> Page {
    guard let call = try await viewer.store.inspector.call(id) else {
      throw Refusal(.notFound, "expected a call numbered \(id) in the store, found none")
    }
    let outline = try await viewer.store.inspector.outline(of: call.run ?? -1)
    return Page(
      title: "Call c_\(id)", trail: outline.map { viewer.trail($0.run) } ?? [],
      body: "<p class=\"soft\">\(call.stage), \(call.at) UTC</p>\n" + CallMarkup.whole(call, level: 2))
  }

  // MARK: Parts

  private static func relatives(_ caption: String, _ places: [Kin.Occurrence], _ none: String) -> HTMLText {
    guard !places.isEmpty else { return "<p>\(none)</p>" }
    let more: HTMLText =
      places.count < Inspector.kinLimit
      ? "" : "<p class=\"soft\">These are the nearest; <code>retort trace</code> lists all.</p>"
    return table(caption, Array(places.prefix(Inspector.kinLimit))) + more
  }

  private static func table(_ caption: String, _ places: [Kin.Occurrence]) -> HTMLText {
    let lines = places.map { place -> [HTMLText] in
      [PageParts.link(Link.row(place.occurrence), place.id), "\(place.stage)", "\(place.source)"]
    }
    return PageParts.table(caption, ["row", "stage", "source"], lines, texts: 3)
  }

  private static func fates(_ fates: [Kin.Fate]) -> HTMLText {
    guard !fates.isEmpty else { return "" }
    let lines = fates.map { fate -> [HTMLText] in ["\(fate.stage)", "\(fate.outcome)", "\(fate.reason)"] }
    return PageParts.table(
      "What the next stages made of it", ["stage", "outcome", "reason"], lines, texts: 3)
  }

  private func calls(_ kin: Kin) async throws -> HTMLText {
    var parts: [HTMLText] = []
    let shared = kin.isShared ? ", which made other rows too" : ""
    let groups =
      [("The step of \(kin.place.stage) that made it\(shared)", kin.calls)]
      + kin.fates.map { ("\($0.stage), where it ended: \($0.outcome)", $0.calls) }
    for (title, ids) in groups where !ids.isEmpty {
      let calls = try await viewer.store.inspector.calls(Array(ids.prefix(20)))
      parts.append("<h3>\(title)</h3>")
      parts += calls.map { call in
        """
        <details\(ids.count == 1 ? " open" : "")><summary>\(CallMarkup.line(call))</summary>
        \(CallMarkup.whole(call, level: 4, limit: 20_000))
        <p>\(PageParts.link(Link.call(call.id), "This call by itself"))</p>
        </details>
        """
      }
      let rest = ids.dropFirst(20)
      if !rest.isEmpty {
        parts.append("<p>More: \(HTMLText(rest.map { PageParts.link(Link.call($0), "c_\($0)") }))</p>")
      }
    }
    return parts.isEmpty ? "<p>No call was made for it.</p>" : HTMLText(parts)
  }
}
