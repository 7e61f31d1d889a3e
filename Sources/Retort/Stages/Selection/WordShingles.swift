/// Texts as runs of words, hashed: what near-duplicates and contaminated texts are found by.
enum WordShingles {
  /// Lower-case runs of letters and digits; each Chinese, Japanese or Korean character is a word of its own.
  static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = ""
    func end() {
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    for character in text.lowercased() {
      if let scalar = character.unicodeScalars.first, isIdeograph(scalar) {
        end()
        words.append(String(character))
      } else if character.isLetter || character.isNumber {
        word.append(character)
      } else {
        end()
      }
    }
    end()
    return words
  }

  /// Hashes of every run of `length` words; of the whole text where it has fewer. Empty for a text without words.
  static func hashes(of words: [String], length: Int) -> [UInt64] {
    guard !words.isEmpty else { return [] }
    guard words.count > length else { return [hash(words[...])] }
    return (0...(words.count - length)).map { hash(words[$0..<($0 + length)]) }
  }

  /// FNV-1a, 64 bits, with a separator after each word; the same in every process.
  static func hash(_ words: ArraySlice<String>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for word in words {
      for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
    return hash
  }

  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3040...0x30ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xac00...0xd7af, 0x2_0000...0x3_ffff: true
    default: false
    }
  }
}

/// MinHash signatures cut into bands (Broder 1997): texts that share a band are candidates, and candidates are
/// compared exactly, so that a band's chance can miss a pair but never invent one.
struct NearDuplicates {
  /// Least Jaccard similarity of two shingle sets, above 0 and at most 1.
  let threshold: Double
  private let rowsPerBand: Int
  private var bands: [[UInt64: [Int]]]
  private var kept: [Set<UInt64>] = []

  private static let permutations = 128

  init(threshold: Double) {
    self.threshold = threshold
    // The widest band that still finds 999 of 1,000 pairs at the threshold: fewest candidates to compare.
    rowsPerBand =
      [16, 8, 4, 2].first { rows in
        var band = 1.0
        for _ in 0..<rows { band *= threshold }
        var missed = 1.0
        for _ in 0..<(Self.permutations / rows) { missed *= 1 - band }
        return missed <= 0.001
      } ?? 1
    bands = Array(repeating: [:], count: Self.permutations / rowsPerBand)
  }

  /// The number of the earlier text that is like this one; nil where there is none, and then this text counts as the
  /// next number for later ones. Texts without shingles are like none.
  mutating func match(_ shingles: Set<UInt64>) -> (number: Int, similarity: Double)? {
    guard !shingles.isEmpty else {
      kept.append([])
      return nil
    }
    let keys = bandKeys(shingles)
    var candidates: Set<Int> = []
    for (band, key) in keys.enumerated() { candidates.formUnion(bands[band][key] ?? []) }
    for number in candidates.sorted() {
      let shared = kept[number].intersection(shingles).count
      let similarity = Double(shared) / Double(kept[number].count + shingles.count - shared)
      if similarity >= threshold { return (number, similarity) }
    }
    for (band, key) in keys.enumerated() { bands[band][key, default: []].append(kept.count) }
    kept.append(shingles)
    return nil
  }

  private func bandKeys(_ shingles: Set<UInt64>) -> [UInt64] {
    var least = [UInt64](repeating: .max, count: Self.permutations)
    for shingle in shingles {
      for index in least.indices {
        least[index] = min(least[index], Self.mix(shingle ^ Self.mix(UInt64(index) &+ 1)))
      }
    }
    return stride(from: 0, to: least.count, by: rowsPerBand).map { start in
      least[start..<(start + rowsPerBand)].reduce(0) { Self.mix($0 ^ $1) }
    }
  }

  /// The finaliser of SplitMix64: a bijection of 64-bit words without visible structure.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
