/// Pseudo-random positions that depend on the seed and the content alone, not on order or on the process: adding a
/// row moves no other.
package enum SeededOrder {
  /// Uniform in 0 ..< 1, from the first 53 bits of a digest.
  package static func position(of text: String, seed: Int) -> Double {
    let bytes = Digest(of: "\(seed):\(text)").bytes.dropFirst().prefix(8)
    let bits = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Double(bits >> 11) / Double(UInt64(1) << 53)
  }
}
