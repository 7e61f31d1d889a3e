import Foundation
import RetortCore
import RetortStages
import RetortStore

@testable import RetortRun

/// Spoils texts by chance, the same way each time for a seed.
///
/// `RETORT_FUZZ=N` makes every fuzz test N times as long.
struct Mutator {
  static let effort = max(1, Int(ProcessInfo.processInfo.environment["RETORT_FUZZ"] ?? "") ?? 1)

  /// What breaks parsers: brackets, quotes, escapes, tags, odd white space, bytes that are not UTF-8.
  private static let spices: [[UInt8]] =
    [
      "{", "}", "[", "]", "\"", "\\", "\\u", "\\ud800", ",", ":", "null", "1e999", "-", "0", "{{", "}}",
      "{{#", "{{/",
      "<", ">", "</", "<think>", "</think>", "```", "```json\n", "\n", "\r\n", "\t", " ", "&a", "*a",
      "<<: *a", "!!",
      "|\n", "A.", "D.", "a\n", "\u{FEFF}", "\u{2028}", "\u{0}", "é", "👩‍👩‍👧", "${", "$", "#", "'", "%", "@",
      "- ",
    ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80]]

  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func below(_ bound: Int) -> Int { random.below(bound) }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[random.below(elements.count)] }

  /// One of the seeds after 1 to 8 changes.
  mutating func spoil(_ seeds: [String]) -> [UInt8] {
    var bytes = Array(pick(seeds).utf8)
    for _ in 0...below(8) {
      let at = below(bytes.count + 1)
      let end = min(bytes.count, at + below(1 + min(40, bytes.count)))
      switch below(7) {
      case 0: bytes.insert(contentsOf: pick(Self.spices), at: at)
      case 1: bytes.removeSubrange(at..<end)
      case 2: bytes.insert(contentsOf: bytes[at..<end], at: below(bytes.count + 1))
      case 3 where at < bytes.count: bytes[at] ^= 1 << UInt8(below(8))
      case 4: bytes.removeSubrange(at...)
      case 5: bytes.replaceSubrange(at..<end, with: pick(Self.spices))
      default:
        let other = Array(pick(seeds).utf8)
        let from = below(other.count + 1)
        bytes.insert(contentsOf: other[from..<min(other.count, from + below(200))], at: at)
      }
    }
    return bytes
  }

  /// The same as text, what is not UTF-8 replaced.
  mutating func spoiltText(_ seeds: [String]) -> String { String(decoding: spoil(seeds), as: UTF8.self) }
}
