/// The lines that differ between two texts, in the form of `diff -u`, without its head.
enum UnifiedDiff {
  /// Lines that are shown around each change.
  private static let context = 3

  private struct Line {
    /// ` `, `-` or `+`.
    let sign: Character
    let text: Substring
    /// Lines of each text before this one.
    let before: (old: Int, new: Int)
  }

  /// Empty for equal texts.
  static func lines(_ old: String, _ new: String) -> [String] {
    // A line end that both have behind their last line is no empty line.
    let isEnded = old.hasSuffix("\n") && new.hasSuffix("\n")
    let texts = [old, new].map {
      $0.split(separator: "\n", omittingEmptySubsequences: false).dropLast(isEnded ? 1 : 0)
    }
    let all = merged(Array(texts[0]), Array(texts[1]))
    return hunks(all).flatMap { hunk -> [String] in
      let lines = all[hunk]
      let counts = (lines.count { $0.sign != "+" }, lines.count { $0.sign != "-" })
      let start = all[hunk.lowerBound].before
      return ["@@ -\(start.old + 1),\(counts.0) +\(start.new + 1),\(counts.1) @@"]
        + lines.map { String($0.sign) + $0.text }
    }
  }

  private static func merged(_ old: [Substring], _ new: [Substring]) -> [Line] {
    let changes = new.difference(from: old)
    var (removed, inserted): (Set<Int>, Set<Int>) = ([], [])
    for change in changes {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    var lines: [Line] = []
    var (i, j) = (0, 0)
    while i < old.count || j < new.count {
      if i < old.count, removed.contains(i) {
        lines.append(Line(sign: "-", text: old[i], before: (i, j)))
        i += 1
      } else if j < new.count, inserted.contains(j) {
        lines.append(Line(sign: "+", text: new[j], before: (i, j)))
        j += 1
      } else {
        lines.append(Line(sign: " ", text: old[i], before: (i, j)))
        (i, j) = (i + 1, j + 1)
      }
    }
    return lines
  }

  /// Ranges of lines with the changes and their surroundings; those that touch are one.
  private static func hunks(_ lines: [Line]) -> [Range<Int>] {
    var hunks: [Range<Int>] = []
    for index in lines.indices where lines[index].sign != " " {
      let range = max(0, index - context)..<min(lines.count, index + context + 1)
      if let last = hunks.last, last.upperBound >= range.lowerBound {
        hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
      } else {
        hunks.append(range)
      }
    }
    return hunks
  }
}
