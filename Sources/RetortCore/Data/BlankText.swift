extension String {
  /// Without white space at either end.
  package var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }

  /// Without white space, and without the characters that show nothing at all.
  package var withoutSpace: String {
    String(String.UnicodeScalarView(unicodeScalars.filter { !Self.isBlank($0) }))
  }

  /// Whether nothing of it would be seen.
  package var isBlank: Bool { unicodeScalars.allSatisfy(Self.isBlank) }

  /// Whether white space alone tells the two apart, if anything does.
  package func isSame(as other: String) -> Bool { self == other || withoutSpace == other.withoutSpace }

  /// White space, zero width space, word joiner, byte order mark, soft hyphen.
  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace
      || "\u{200B}\u{2060}\u{FEFF}\u{00AD}\u{180E}".unicodeScalars.contains(scalar)
  }
}
