/// What a kind shows of its rows in a report.
package struct Drawing: Sendable {
  /// The columns that it looks at, under the names that the kind gives them.
  package let columns: [String]
  /// Made of rows of one stage, in their order: all of them, or a part where there are many. A column that a row lacks is
  /// missing or null; any may hold what the kind did not write.
  package let pictures: @Sendable (_ rows: [Columns]) -> [Picture]

  package init(_ columns: [String], _ pictures: @escaping @Sendable (_ rows: [Columns]) -> [Picture]) {
    self.columns = columns
    self.pictures = pictures
  }
}

/// A picture before anybody draws it: numbers, the names of axes with their units, and what one sees in it.
package struct Picture: Hashable, Sendable {
  /// What a colour says, the same in every picture.
  package enum Tone: Hashable, Sendable {
    case plain, good, bad, other, faint
  }

  package struct Point: Hashable, Sendable {
    package let x: Double
    package let y: Double

    package init(_ x: Double, _ y: Double) {
      self.x = x
      self.y = y
    }
  }

  package struct Cloud: Hashable, Sendable {
    package let name: String
    package let points: [Point]
    package let tone: Tone
    /// Drawn as a line through the points and not as dots.
    package let isLine: Bool

    package init(_ name: String, _ points: [Point], _ tone: Tone = .plain, isLine: Bool = false) {
      self.name = name
      self.points = points
      self.tone = tone
      self.isLine = isLine
    }
  }

  package struct Values: Hashable, Sendable {
    package let name: String
    package let values: [Double]
    package let tone: Tone

    package init(_ name: String, _ values: [Double], _ tone: Tone = .plain) {
      self.name = name
      self.values = values
      self.tone = tone
    }
  }

  package struct Bar: Hashable, Sendable {
    package let name: String
    package let value: Double
    /// Beside the bar; its value as a number if empty.
    package let note: String
    package let tone: Tone

    package init(_ name: String, _ value: Double, note: String = "", _ tone: Tone = .plain) {
      self.name = name
      self.value = value
      self.note = note
      self.tone = tone
    }
  }

  package enum Form: Hashable, Sendable {
    /// How many rows have which value.
    case histogram([Values], x: String)
    case points([Cloud], x: String, y: String)
    /// Small pictures of one kind side by side, over the same axes.
    case panels([Panel], x: String, y: String)
    case bars([Bar], x: String)
    /// Words or numbers, line by line under the columns' names; the first column is words.
    case table([String], [[String]])
    /// Words, where a line is too short for them.
    case text(String)
  }

  package struct Panel: Hashable, Sendable {
    package let name: String
    package let clouds: [Cloud]

    package init(_ name: String, _ clouds: [Cloud]) {
      self.name = name
      self.clouds = clouds
    }
  }

  package let title: String
  package let form: Form
  /// What one sees, in a line.
  package let caption: String

  /// Whether nothing is in it.
  package var isEmpty: Bool {
    switch form {
    case .histogram(let series, _): series.allSatisfy(\.values.isEmpty)
    case .points(let clouds, _, _): clouds.allSatisfy(\.points.isEmpty)
    case .panels(let panels, _, _): panels.allSatisfy { $0.clouds.allSatisfy(\.points.isEmpty) }
    case .bars(let bars, _): bars.isEmpty
    case .table(_, let lines): lines.isEmpty
    case .text(let text): text.isEmpty
    }
  }

  package init(_ title: String, _ form: Form, caption: String = "") {
    self.title = title
    self.form = form
    self.caption = caption
  }
}
