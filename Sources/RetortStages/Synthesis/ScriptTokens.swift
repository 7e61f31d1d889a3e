internal import RetortCore

/// Estimates tokens by the script of each character: what byte pair vocabularies of 100,000 to 200,000 tokens
/// (o200k, Qwen) make of prose in it on average. Text of one script is within a fifth of either.
enum ScriptTokens {
  /// Tokens, rounded up.
  static func count(_ text: String) -> Int {
    var total = 0.0
    var word = 0.0
    var before = Kind.space
    for scalar in text.unicodeScalars {
      let kind = Kind(scalar)
      if case .letter(let share) = kind {
        word += share
      } else {
        // However short, a word is a token.
        total += word > 0 ? max(1, word) : 0
        word = 0
        total += cost(of: kind, after: before)
      }
      before = kind
    }
    total += word > 0 ? max(1, word) : 0
    return Int(total.rounded(.up))
  }

  private static func cost(of kind: Kind, after before: Kind) -> Double {
    switch kind {
    case .letter: 0
    case .sign(let share): share
    // One space belongs to the word after it; more of them are one token, however many.
    case .space: before == .space ? 0 : before == .line ? 0.5 : 0
    case .line: before == .line ? 0 : 0.5
    }
  }

  private enum Kind: Equatable {
    /// A letter of a script that writes words apart, and its share of a token.
    case letter(Double)
    /// A character that counts by itself.
    case sign(Double)
    case space
    case line

    init(_ scalar: Unicode.Scalar) {
      switch scalar.value {
      case 0x0A, 0x0D: self = .line
      case 0x09, 0x20, 0xA0: self = .space
      case 0x30...0x39: self = .sign(0.6)
      case 0x41...0x5A, 0x61...0x7A: self = .letter(0.22)
      case 0...0x7F: self = .sign(0.75)
      default: self = Self.beyondASCII(scalar)
      }
    }

    private static func beyondASCII(_ scalar: Unicode.Scalar) -> Kind {
      switch scalar.value {
      case 0x300...0x36F: .letter(0.3)
      case 0x80...0x24F, 0x1E00...0x1EFF: scalar.properties.isAlphabetic ? .letter(0.45) : .sign(1)
      case 0x370...0x3FF, 0x1F00...0x1FFF: .letter(0.45)
      case 0x400...0x52F: .letter(0.3)
      // Hebrew, Arabic and their kin.
      case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFC: .letter(0.48)
      // Devanagari and the other scripts of India.
      case 0x900...0xDFF: .letter(0.5)
      case 0xE00...0xE7F: .sign(0.45)
      // Lao, Tibetan, Burmese, Khmer.
      case 0xE80...0x109F, 0x1780...0x17FF: .sign(0.6)
      // Hangul, kana, ideographs, their marks and full width forms.
      case 0x1100...0x11FF, 0x2E80...0xD7FF, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFFEF: .sign(0.75)
      case 0x2000...0x2BFF: scalar.properties.isWhitespace ? .space : .sign(scalar.value == 0x200D ? 0.5 : 1)
      case 0xFE00...0xFE0F: .sign(0.5)
      case 0x1F000...0x1FAFF: .sign(1.7)
      case 0x10000...: .sign(3)
      default: .letter(0.6)
      }
    }
  }
}
