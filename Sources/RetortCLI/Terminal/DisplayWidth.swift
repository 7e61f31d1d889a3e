/// How many columns of a terminal a text takes: two for East Asian letters and emoji, none for what is written over the
/// letter before it.
///
/// Where terminals differ (several emoji joined to one, scripts whose letters join) it is the larger number, so that no
/// line is longer than it seems. Source: Unicode Standard Annex 11.
enum DisplayWidth {
  static func of(_ text: some StringProtocol) -> Int {
    // Most of what is shown is ASCII.
    if text.utf8.allSatisfy({ (32..<127).contains($0) }) { return text.utf8.count }
    return text.reduce(0) { $0 + of($1) }
  }

  static func of(_ character: Character) -> Int {
    let scalars = character.unicodeScalars
    if scalars.count == 1, let only = scalars.first { return of(only) }
    // Emoji with a skin, joined ones and flags are drawn as one.
    if scalars.contains(where: { isJoining($0) }) { return 2 }
    return scalars.reduce(0) { $0 + of($1) }
  }

  /// As much of a text as has room, and at most.
  static func prefix(_ text: Substring, _ columns: Int) -> Substring {
    var (taken, end) = (0, text.startIndex)
    while end < text.endIndex {
      taken += of(text[end])
      guard taken <= columns else { break }
      end = text.index(after: end)
    }
    return text[..<end]
  }

  private static func of(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return scalar.value == 0xAD || scalar.value < 32 ? 0 : 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .lineSeparator, .paragraphSeparator: return 0
    default: break
    }
    // Vowels and final consonants are drawn into the syllable that a Hangul letter began.
    if (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FF).contains(scalar.value) { return 0 }
    return scalar.properties.isEmojiPresentation || isWide(scalar.value) ? 2 : 1
  }

  private static func isJoining(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x200D, 0xFE0F, 0x1F1E6...0x1F1FF, 0x1F3FB...0x1F3FF: true
    default: false
    }
  }

  private static func isWide(_ value: UInt32) -> Bool {
    // The ranges are in order.
    for range in wide where value <= range.upperBound { return value >= range.lowerBound }
    return false
  }

  /// East_Asian_Width W and F, without the emoji; blocks as a whole where only unassigned characters lie between.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2630...0x2637, 0x268A...0x268F, 0x2E80...0x303E, 0x3041...0x3247,
    0x3250...0x4DBF, 0x4DC0...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
    0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
    0x1D300...0x1D376,
    0x1F200...0x1F2FF, 0x1F300...0x1F320, 0x20000...0x2FFFD, 0x30000...0x3FFFD,
  ]
}
