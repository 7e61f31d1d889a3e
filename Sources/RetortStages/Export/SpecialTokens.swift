/// Texts that chat models have for tokens of their own: the ends of turns and the marks of roles.
///
/// A tokenizer takes them for those wherever they stand, so that a turn that quotes one ends there.
package enum SpecialTokens: String, Codable, Hashable, Sendable, CaseIterable {
  case drop, keep

  /// Those that are not written between `<|` and `|>`.
  private static let others = [
    "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>",
  ]
  /// Most bytes of one.
  private static let longest = 60

  /// The first one in a text: `<|im_end|>`, `<｜User｜>`, `[INST]`, and `</s>` where no `<s>` is before it, as HTML has.
  static func first(in text: String) -> String? {
    let bytes = Array(text.utf8)
    var strikes = false
    for start in bytes.indices where bytes[start] == UInt8(ascii: "<") || bytes[start] == UInt8(ascii: "[") {
      let found = bytes[start...].prefix(longest)
      if let token = barred(found, "<|", "|>") ?? barred(found, "<｜", "｜>") { return token }
      if let token = others.first(where: { found.starts(with: $0.utf8) }) { return token }
      strikes = strikes || found.starts(with: "<s>".utf8)
      if !strikes, found.starts(with: "</s>".utf8) { return "</s>" }
    }
    return nil
  }

  private static func barred(_ text: ArraySlice<UInt8>, _ open: String, _ close: String) -> String? {
    guard text.starts(with: open.utf8) else { return nil }
    let rest = text.dropFirst(open.utf8.count)
    guard let end = rest.firstRange(of: Array(close.utf8)), end.lowerBound > rest.startIndex,
      rest[..<end.lowerBound].allSatisfy(isNameByte)
    else { return nil }
    return String(decoding: text[..<end.upperBound], as: UTF8.self)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
      || 0x30...0x39 ~= byte || 0x61...0x7A ~= byte | 0x20
  }
}
