internal import RetortCore

/// Whether a response was scored in the tokens that it was sampled in. A tokeniser cuts a text in one way, and a policy may
/// have sampled it in another: " Ad", "dict", "ion" is read back as " Addiction", and as many tokens may be others.
struct TokenTexts {
  let columns = ["token_texts", "behaviour_token_texts"]

  /// - Parameter hasEnd: the sampled ones have one more, which ended the response.
  func check(_ row: Columns, count: Int, hasEnd: Bool) throws(BadRow) {
    let scored = try Self.texts(row, columns[0], count: count)
    let sampled = try Self.texts(row, columns[1], count: count + (hasEnd ? 1 : 0))
    guard let at = scored.indices.first(where: { !Self.match(scored[$0], sampled[$0]) }) else { return }
    throw BadRow(
      "tokens differ",
      "expected the tokens that were sampled, found '\(scored[at])' at '\(columns[0])[\(at)]' where "
        + "'\(sampled[at])' was sampled: the text is cut otherwise than it was written")
  }

  /// A token that is a part of a character has no text of its own, and servers write it in more than one way.
  private static func match(_ one: String, _ other: String) -> Bool {
    one == other || [one, other].contains { $0.isEmpty || $0.contains("\u{FFFD}") }
  }

  private static func texts(_ row: Columns, _ column: String, count: Int) throws(BadRow) -> [String] {
    guard let list = row[column]?.array, list.count == count, list.allSatisfy({ $0.string != nil }) else {
      throw BadRow(
        "no token texts",
        "expected a list of \(count) texts in '\(column)', one for each log-probability, found \(row.found(column))"
      )
    }
    return list.compactMap(\.string)
  }
}
