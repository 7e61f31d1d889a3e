/// Suggestions for misspelt words.
package enum NearestWord {
  /// The word fewest edits away, if it is near enough to have been meant: at most a third of the letters differ,
  /// and at least one letter may. Among equals, the first.
  package static func of(_ word: String, in words: some Sequence<String>) -> String? {
    guard word.utf8.count <= Self.longest else { return nil }
    var best: (word: String, distance: Int)?
    let letters = Array(word.lowercased())
    for candidate in words where candidate != word && candidate.utf8.count <= Self.longest {
      let others = Array(candidate.lowercased())
      let most = max(1, max(word.count, candidate.count) / 3)
      // Letters that one has more than the other are edits too.
      guard abs(letters.count - others.count) <= most else { continue }
      let distance = distance(letters, others)
      guard distance <= most else { continue }
      guard distance < min(word.count, candidate.count) else { continue }
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
  }

  /// Bytes; comparing costs the product of two lengths, and nobody mistypes a longer word.
  private static let longest = 200

  /// ` (did you mean 'x'?)`, or nothing.
  package static func hint(_ word: String, in words: some Sequence<String>) -> String {
    of(word, in: words).map { " (did you mean '\($0)'?)" } ?? ""
  }

  /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
  static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
      var row = [i + 1]
      row.reserveCapacity(right.count + 1)
      for j in right.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[right.count]
  }
}
