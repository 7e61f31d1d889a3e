internal import OrderedCollections
internal import RetortCore
internal import RetortReport
internal import RetortStore

/// Two runs, or two rows, side by side.
struct ComparePages {
  let viewer: Viewer

  // MARK: Runs

  func runs(_ query: Query) async throws -> Page {
    guard let old = try query.number("old"), let new = try query.number("new") else {
      throw Refusal(.badRequest, "expected two runs to compare, by old= and new=")
    }
    let diff: RunDiff
    do { diff = try await viewer.store.inspector.diff(old, new, examples: 10) } catch let error as NotFound {
      throw Refusal(.notFound, error.description)
    }
    let names = ["run \(old)", "run \(new)"]
    let counts = diff.stages.map { stage -> [HTMLText] in
      [PageParts.link(Link.stage(stage.new == nil ? old : new, stage.stage), stage.stage)]
        + [\Books.in, \.emitted, \.dropped, \.failed, \.pending].map { path in
          Self.pair(
            stage.old.map { Figure.count($0[keyPath: path]) },
            stage.new.map { Figure.count($0[keyPath: path]) })
        } + [PageParts.count(stage.other), PageParts.count(stage.onlyOld), PageParts.count(stage.onlyNew)]
    }
    let sides = [diff.old, diff.new]
    let spent = sides.map { side -> [HTMLText] in
      [
        PageParts.link(Link.run(side.run), "\(side.run)"), "\(side.status)", PageParts.count(side.calls.made),
        PageParts.count(side.calls.remembered), PageParts.count(side.calls.promptTokens),
        PageParts.count(side.calls.completionTokens), "\(side.calls.amount)",
      ]
    }
    return Page(
      title: "Run \(old) and run \(new)",
      body: """
        \(PageParts.table("What they took", ["run", "status", "calls", "remembered", "tokens in", "tokens out", "USD"], spent, texts: 2))
        <h2>Settings that differ</h2>
        \(Self.settings(diff.changed, names))
        <h2>Stages</h2>
        \(PageParts.table(
          "Counts, \(names[0]) → \(names[1]) where they differ",
          ["stage", "in", "emitted", "dropped", "failed", "waiting", "rows that differ", "only in \(names[0])", "only in \(names[1])"], counts))
        <h2>Rows that differ</h2>
        \(Self.examples(diff, names))
        """)
  }

  private static func pair(_ old: String?, _ new: String?) -> HTMLText {
    old == new ? "\(old ?? "–")" : "<mark>\(old ?? "–") → \(new ?? "–")</mark>"
  }

  private static func settings(_ changed: [Difference], _ names: [String]) -> HTMLText {
    guard !changed.isEmpty else { return "<p>None.</p>" }
    return HTMLText(
      changed.map { change in
        "<h3>\(change.path)</h3>"
          + sides(change.old.map(PageParts.value), change.new.map(PageParts.value), names)
      })
  }

  private static func examples(_ diff: RunDiff, _ names: [String]) -> HTMLText {
    let lines = diff.stages.flatMap { stage in
      stage.examples.map { example -> [HTMLText] in
        let rows = [example.old, example.new].map { row -> HTMLText in
          row.map { PageParts.link(Link.address("/find", [("row", $0)]), $0) } ?? "none"
        }
        let both: HTMLText =
          if let old = example.old, let new = example.new {
            PageParts.link(Link.rows(old, new), "side by side")
          } else { "" }
        return [
          "\(stage.stage)", "\(example.source)", rows[0], rows[1],
          "\(example.columns.joined(separator: ", "))", both,
        ]
      }
    }
    guard !lines.isEmpty else { return "<p>None.</p>" }
    return PageParts.table(
      "The first of each stage", ["stage", "source", names[0], names[1], "columns that differ", "compare"],
      lines, texts: 6)
  }

  // MARK: Rows

  func rows(_ query: Query) async throws -> Page {
    let ids = query.all("row")
    guard ids.count == 2 else {
      throw Refusal(.badRequest, "expected two rows to compare, found \(ids.count)")
    }
    var rows: [(id: String, columns: JSON.Object)] = []
    for id in ids {
      guard let row = try await viewer.store.inspector.content(ofRow: id) else {
        throw Refusal(.notFound, "expected the identifier of one row (r_…), found '\(id.prefix(80))'")
      }
      rows.append(row)
    }
    let (left, right) = (rows[0].columns, rows[1].columns)
    var names = OrderedSet(left.keys)
    names.formUnion(right.keys)
    let differing = names.filter { left[$0] != right[$0] }.count
    let columns = names.map { name -> HTMLText in
      let (old, new) = (left[name], right[name])
      if old == new, let old {
        return
          "<section><h2>\(name)</h2><p class=\"soft\">The same in both</p>\(PageParts.verbatim(PageParts.value(old)))</section>"
      }
      return """
        <section class="differs"><h2>\(name)</h2>
        \(Self.sides(old.map(PageParts.value), new.map(PageParts.value), rows.map(\.id)))
        </section>
        """
    }
    return Page(
      title: "Two rows side by side",
      body: """
        <p>\(HTMLText(rows.map { PageParts.link(Link.address("/find", [("row", $0.id)]), $0.id) })): \
        \(differing) of \(names.count) columns differ; marks show where.</p>
        \(HTMLText(columns))
        """)
  }

  /// Two texts beside each other, what one has and the other has not marked.
  static func sides(_ old: String?, _ new: String?, _ names: [String]) -> HTMLText {
    let texts = marked(old ?? "", new ?? "")
    let parts = zip([(old, texts.old), (new, texts.new)], names).map { side, name -> HTMLText in
      let text: HTMLText = side.0 == nil ? "<p class=\"soft\">none</p>" : "<pre>\(side.1)</pre>"
      return "<div><p class=\"soft\">\(name)</p>\(text)</div>"
    }
    return "<div class=\"sides\">\(HTMLText(parts))</div>"
  }

  /// Word by word up to 1500 words of difference; beyond, the part between the common ends is marked as a whole.
  static func marked(_ old: String, _ new: String) -> (old: HTMLText, new: HTMLText) {
    var (left, right) = (words(old)[...], words(new)[...])
    var (head, tail): ([Substring], [Substring]) = ([], [])
    while let first = left.first, first == right.first {
      head.append(first)
      left.removeFirst()
      right.removeFirst()
    }
    while let last = left.last, last == right.last {
      tail.append(last)
      left.removeLast()
      right.removeLast()
    }
    var (removed, inserted) = (Set(left.indices), Set(right.indices))
    if left.count <= 1500, right.count <= 1500 {
      (removed, inserted) = ([], [])
      for change in Array(right).difference(from: Array(left)) {
        switch change {
        case .remove(let offset, _, _): removed.insert(left.startIndex + offset)
        case .insert(let offset, _, _): inserted.insert(right.startIndex + offset)
        }
      }
    }
    func text(_ words: ArraySlice<Substring>, _ marks: Set<Int>) -> HTMLText {
      var text: HTMLText = "\(head.joined())"
      var place = words.startIndex
      while place < words.endIndex {
        let isMarked = marks.contains(place)
        let end = words[place...].indices.first { marks.contains($0) != isMarked } ?? words.endIndex
        let part = words[place..<end].joined()
        text = text + (isMarked ? "<mark>\(part)</mark>" : "\(part)")
        place = end
      }
      return text + "\(tail.reversed().joined())"
    }
    return (text(left, removed), text(right, inserted))
  }

  /// Words with the space behind them.
  private static func words(_ text: String) -> [Substring] {
    text.matches(of: /\S+\s*|\s+/).map(\.output)
  }
}
