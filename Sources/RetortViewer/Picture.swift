internal import Foundation
internal import RetortCore
internal import RetortReport
internal import RetortStore

/// A pipeline as a picture: a box for each stage with its counts, and lines with the rows that went along them.
enum Picture {
  private static let (box, height, gap, rise) = (228.0, 92.0, 28.0, 50.0)

  static func svg(_ outline: RunOutline, _ books: OrderedBooks) -> HTMLText {
    let edges = outline.stages.flatMap { stage in
      stage.from.map { Layers.Edge(from: $0, to: stage.name, isUsing: false) }
        + stage.using.filter { !stage.from.contains($0) }.map {
          Layers.Edge(from: $0, to: stage.name, isUsing: true)
        }
    }
    let layers = Layers(outline.stages.map(\.name), edges, box: box, gap: gap)
    let (width, tall) = (layers.width + 4, Double(layers.count) * (height + rise) - rise + 4)
    let lines = layers.lines.map { line($0.edge, $0.spots, books) }
    let boxes = outline.stages.map { stage in
      self.box(
        stage, layers.spots[stage.name] ?? .init(layer: 0, x: 0), books[stage.name] ?? Books(), outline.run.id
      )
    }
    return """
      <svg viewBox="0 0 \(number(width)) \(number(tall))" width="\(number(width))" height="\(number(tall))" \
      role="group" aria-label="Stages and the rows between them; the table below has the same numbers">
      <g aria-hidden="true">
      \(HTMLText(lines))
      </g>
      \(HTMLText(boxes))
      </svg>
      """
  }

  private static func top(_ layer: Int) -> Double { 2 + Double(layer) * (height + rise) }

  private static func line(_ edge: Layers.Edge, _ spots: [Layers.Spot], _ books: OrderedBooks) -> HTMLText {
    var path = ""
    for (upper, lower) in zip(spots, spots.dropFirst()) {
      let (x1, y1, x2, y2) = (upper.x + 2, top(upper.layer) + height, lower.x + 2, top(lower.layer))
      if !path.isEmpty {
        path += "L\(number(x1)) \(number(y1))"
      } else {
        path = "M\(number(x1)) \(number(y1))"
      }
      let middle = (y1 + y2) / 2
      path += "C\(number(x1)) \(number(middle)) \(number(x2)) \(number(middle)) \(number(x2)) \(number(y2))"
    }
    guard let first = spots.first, let second = spots.dropFirst().first, let last = spots.last else {
      return ""
    }
    let (x, y) = ((first.x + second.x) / 2 + 2, top(first.layer) + height + rise / 2)
    let (tipX, tipY) = (last.x + 2, top(last.layer))
    let rows = Figure.count(books[edge.from]?.rows ?? 0)
    let half = Double(rows.count) * 3.6 + 4
    return """
      <path class="edge\(edge.isUsing ? " using" : "")" d="\(path)"/>
      <path class="tip" d="M\(number(tipX - 4)) \(number(tipY - 7))L\(number(tipX + 4)) \(number(tipY - 7))\
      L\(number(tipX)) \(number(tipY))Z"/>
      <rect class="back" x="\(number(x - half))" y="\(number(y - 8))" width="\(number(2 * half))" height="16"/>
      <text x="\(number(x))" y="\(number(y + 4))" text-anchor="middle">\(rows)</text>
      """
  }

  private static func box(_ stage: RunOutline.Stage, _ spot: Layers.Spot, _ books: Books, _ run: Int64)
    -> HTMLText
  {
    let (x, y) = (spot.x + 2 - box / 2, top(spot.layer))
    func text(_ line: Double, _ style: String, _ words: String) -> HTMLText {
      """
      <text class="\(style)" x="\(number(x + 10))" y="\(number(y + line))">\(cut(words, style == "name" ? 25 : 35))</text>
      """
    }
    var bar: [HTMLText] = []
    var from = x + 10
    for (count, style) in [
      (books.emitted, "s0"), (books.dropped, "s1"), (books.failed, "s3"), (books.pending, "s4"),
    ]
    where count > 0 {
      let length = (box - 20) * Double(count) / Double(max(1, books.in))
      bar.append(
        """
        <rect class="\(style)" x="\(number(from))" y="\(number(y + height - 13))" width="\(number(length))" height="6"/>
        """)
      from += length
    }
    let pending = books.pending > 0 ? " · waits \(Figure.count(books.pending))" : ""
    return """
      <a href="\(Link.stage(run, stage.name))"><title>\(stage.name), \(stage.kind)</title>
      <rect class="box" x="\(number(x))" y="\(number(y))" width="\(number(box))" height="\(number(height))" rx="6"/>
      \(text(21, "name", stage.name))
      \(text(38, "soft", stage.kind))
      \(text(56, "", "in \(Figure.count(books.in)) · emitted \(Figure.count(books.emitted))"))
      \(text(72, "", "dropped \(Figure.count(books.dropped)) · failed \(Figure.count(books.failed))\(pending)"))
      \(HTMLText(bar))
      </a>
      """
  }

  private static func cut(_ text: String, _ length: Int) -> String {
    text.count <= length ? text : text.prefix(length - 1) + "…"
  }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
