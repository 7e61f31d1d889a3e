internal import Foundation

/// `user:password` in base64, as the header `Authorization: Basic …` has it.
enum BasicPair {
  /// The password; nil where the text is no such pair.
  static func password(in text: String) -> String? {
    guard let data = Data(base64Encoded: text), let pair = String(data: data, encoding: .utf8),
      let colon = pair.firstIndex(of: ":")
    else { return nil }
    return String(pair[pair.index(after: colon)...])
  }
}
