internal import RetortCore

/// Runs of a text's units, hashed: what near-duplicates and contaminated texts are found by.
enum WordShingles {
  /// Hashes of every run of `length` units; of the whole text where it has fewer. Empty for a text without any.
  static func hashes(of units: [TextUnit], length: Int) -> [UInt64] {
    guard !units.isEmpty else { return [] }
    guard units.count > length else { return [hash(units[...])] }
    return (0...(units.count - length)).map { hash(units[$0..<($0 + length)]) }
  }

  /// The shortest run from each unit on that has `length` words, and its hash; none from where the text ends before.
  static func runs(of units: [TextUnit], length: Int) -> [(range: Range<Int>, hash: UInt64)] {
    var runs: [(range: Range<Int>, hash: UInt64)] = []
    var (end, share) = (0, 0)
    for start in units.indices {
      while share < length * TextUnit.word, end < units.count {
        share += units[end].share
        end += 1
      }
      guard share >= length * TextUnit.word else { break }
      runs.append((start..<end, hash(units[start..<end])))
      share -= units[start].share
    }
    return runs
  }

  /// FNV-1a, 64 bits, with a separator after each unit; the same in every process.
  static func hash(_ units: ArraySlice<TextUnit>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for unit in units {
      for byte in unit.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
    return hash
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
