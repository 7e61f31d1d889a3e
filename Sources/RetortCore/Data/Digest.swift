internal import Crypto
internal import Foundation

/// The identity of content: a SHA-256 over a canonical form, with a scheme byte in front so that the canonical
/// form can change one day without old digests being mistaken for new ones.
///
/// Canonical JSON is UTF-8, keys sorted by their bytes, no white space; integers stay integers and doubles carry
/// a fraction or an exponent, so `1` and `1.0` have different digests.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Scheme byte and 32 bytes of hash.
  package let bytes: [UInt8]

  private static let scheme: UInt8 = 1

  package init(of content: some Sequence<UInt8>) {
    var hasher = SHA256()
    // A mapped file or a string's bytes are hashed where they lie; only what lies in pieces is copied.
    let hashed: Void? = content.withContiguousStorageIfAvailable {
      hasher.update(bufferPointer: UnsafeRawBufferPointer($0))
    }
    if hashed == nil { hasher.update(data: Array(content)) }
    bytes = [Self.scheme] + hasher.finalize()
  }

  package init(of text: String) { self.init(of: text.utf8) }

  package init(of json: JSON) { self.init(of: json.canonical.utf8) }

  fileprivate init(_ hasher: SHA256) { bytes = [Self.scheme] + hasher.finalize() }

  /// A digest read back from the store.
  package init(stored bytes: [UInt8]) { self.bytes = bytes }

  /// As ``hex`` says it: nil for what is not 64 hex digits in lower case.
  package init?(hex: some StringProtocol) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    func value(_ digit: UInt8) -> UInt8? {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      default: nil
      }
    }
    var bytes = [Self.scheme]
    for place in stride(from: 0, to: 64, by: 2) {
      guard let high = value(digits[place]), let low = value(digits[place + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  /// The hash alone, 64 hex digits.
  package var hex: String { bytes.dropFirst().hex }

  /// `r1:` and the hash, as files and tables show it.
  package var description: String { "r\(bytes.first ?? 0):\(hex)" }

  package static func < (left: Digest, right: Digest) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

/// A digest of content that comes in pieces.
struct DigestBuilder {
  private var hasher = SHA256()

  mutating func add(_ bytes: some ContiguousBytes) {
    bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
  }

  var digest: Digest { Digest(hasher) }
}

extension Sequence<UInt8> {
  package var hex: String {
    let digits: StaticString = "0123456789abcdef"
    var text: [UInt8] = []
    text.reserveCapacity(2 * underestimatedCount)
    for byte in self {
      text.append(digits.utf8Start[Int(byte >> 4)])
      text.append(digits.utf8Start[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
