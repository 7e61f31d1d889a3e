internal import RetortCore

/// Names that nobody has, each once in a world: a number's digits as syllables, scrambled by the seed.
struct WorldNames: Sendable {
  /// How many names of each kind there are.
  static let most = 50_000

  private let offset: Int

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    offset = random.below(Self.most)
  }

  func person(_ number: Int) -> String {
    "\(Self.given[number % Self.given.count]) \(stem(number, salt: 1))\(Self.families[number % Self.families.count])"
  }

  /// Somebody else who bears the same family name.
  func namesake(_ number: Int) -> String {
    let other = Self.given[(number + 1 + number % 7) % Self.given.count]
    return "\(other) \(stem(number, salt: 1))\(Self.families[number % Self.families.count])"
  }

  func place(_ number: Int) -> String { stem(number, salt: 2) + Self.places[number % Self.places.count] }

  func thing(_ number: Int, salt: Int) -> String { stem(number, salt: salt) }

  /// Distinct for distinct numbers below ``most``: the multiplier has no factor in common with it.
  private func stem(_ number: Int, salt: Int) -> String {
    var rest = ((number % Self.most) * 7_919 + offset + salt * 9_973) % Self.most
    var name = ""
    for _ in 0..<3 {
      name += Self.syllables[rest % Self.syllables.count]
      rest /= Self.syllables.count
    }
    return name.prefix(1).uppercased() + name.dropFirst()
  }

  /// Of two letters each, so that no two rows of them make the same name; 37 to the third power is beyond ``most``.
  private static let syllables = [
    "ba", "be", "bi", "bo", "da", "de", "do", "fa", "fe", "ga", "go", "ha", "he", "ka", "ke", "ko", "la",
    "le",
    "li", "lo", "ma", "me", "mi", "mo", "na", "ne", "no", "pa", "ra", "re", "ro", "sa", "se", "ta", "te",
    "to", "va",
  ]
  private static let given = [
    "Ada", "Bruno", "Clara", "Dario", "Edda", "Felix", "Greta", "Hugo", "Irma", "Jonas", "Katia", "Leo",
    "Mira",
    "Nils", "Olga", "Paul", "Rosa", "Stefan", "Thea", "Viktor", "Wanda", "Yann", "Zora",
  ]
  private static let families = ["ner", "dil", "vik", "sen", "rin", "tos", "mar", "lund"]
  private static let places = ["ford", "stad", "mere", "holm", "wick", "burg", "port", "field"]
}
