extension String {
  /// Without white space, and without the characters that show nothing at all.
  var withoutSpace: String {
    String(String.UnicodeScalarView(unicodeScalars.filter { !Self.isBlank($0) }))
  }

  /// Whether nothing of it would be seen.
  var isBlank: Bool { unicodeScalars.allSatisfy(Self.isBlank) }

  /// Whether white space alone tells the two apart, if anything does.
  func isSame(as other: String) -> Bool { self == other || withoutSpace == other.withoutSpace }

  /// White space, zero width space, word joiner, byte order mark, soft hyphen.
  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace
      || "\u{200B}\u{2060}\u{FEFF}\u{00AD}\u{180E}".unicodeScalars.contains(scalar)
  }
}
