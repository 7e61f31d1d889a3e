/// Tells by its looks what is a key: the forms that providers give theirs, and long random texts. Digests, UUIDs, the
/// names of models and paths are none.
package enum KeyShape {
  /// The parts of a text that look like keys.
  package static func keys(in text: String) -> [Substring] {
    guard text.utf8.count >= 16, !text.hasPrefix("data:") else { return [] }
    var keys: [Substring] = []
    var before = ""
    for word in text.split(whereSeparator: { !isPart($0) }) {
      if isKey(word) || isCredential(word, after: before) { keys.append(word) }
      before = word.count <= 6 ? word.lowercased() : ""
    }
    if let password = text.firstMatch(of: /:\/\/[^\/\s:@]*:([^\/\s@]+)@/) { keys.append(password.output.1) }
    return keys
  }

  /// The text with a mark for each part that looks like a key.
  package static func hidden(_ text: String) -> String {
    keys(in: text).reduce(text) { $0.replacing($1, with: Redaction.mark) }
  }

  /// A change from the command line, `a.b=c`, with a mark for each part of its value that looks like a key, or for all of it
  /// where `b` says so.
  package static func hidden(setting: String) -> String {
    guard let equals = setting.firstIndex(of: "=") else { return hidden(setting) }
    let (path, value) = (setting[..<equals], String(setting[setting.index(after: equals)...]))
    let isSecret =
      path.contains("extra_body.") && SecretName.says(path.split(separator: ".").last ?? "")
      && isWord(value)
    return "\(path)=\(isSecret ? Redaction.mark : hidden(value))"
  }

  /// Whether a text under a name that says secret may be one: a word of some length that is no number and no path.
  package static func isWord(_ text: some StringProtocol) -> Bool {
    text.utf8.count >= Redaction.least && !text.contains(where: \.isWhitespace) && Double(text) == nil
      && !text.hasPrefix("/") && !text.hasPrefix("./")
  }

  private static func isPart(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber) || "-_.+/=~".contains(character)
  }

  /// What follows `Bearer` or `Basic`, unless it goes on as a sentence does.
  private static func isCredential(_ word: Substring, after before: String) -> Bool {
    switch before {
    case "bearer": word.count >= 12 && word.contains(where: \.isNumber)
    case "basic": BasicPair.password(in: String(word)) != nil
    default: false
    }
  }

  private static func isKey(_ word: Substring) -> Bool {
    guard word.utf8.count >= 16 else { return false }
    // `--api-key=sk-…` and paths are looked at part by part.
    let parts = word.split(whereSeparator: { $0 == "=" || $0 == "/" })
    if parts.count > 1, parts.contains(where: { $0.count < word.count && isKey($0) }) { return true }
    if word.wholeMatch(of: /eyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*/) != nil { return true }
    if word.wholeMatch(of: /(?:AKIA|ASIA)[A-Z0-9]{16}/) != nil { return true }
    if let start = word.prefixMatch(of: known) {
      let rest = word[start.range.upperBound...]
      return rest.count >= 16 && longestRun(rest) >= 12
    }
    return isRandom(word)
  }

  nonisolated(unsafe) private static let known =
    /(?:[sr]k-|[sr]k_(?:live|test)_|AIza|gsk_|hf_|gh[pousr]_|github_pat_|glpat-|xai-|r8_|pplx-|nvapi-|xox[abprs]-|npm_|ya29\.|dop_v1_)/

  private static func longestRun(_ text: Substring) -> Int {
    text.split { !($0.isLetter || $0.isNumber) }.map(\.count).max() ?? 0
  }

  /// 24 letters and digits in a row that change between small, capital and digit as chance has it, and not as words do.
  private static func isRandom(_ word: Substring) -> Bool {
    word.split { !($0.isLetter || $0.isNumber || $0 == "+") }.contains { run in
      guard run.count >= 24 else { return false }
      let kinds = run.map { $0.isNumber ? 0 : $0.isUppercase ? 1 : 2 }
      let changes = zip(kinds, kinds.dropFirst()).count { $0 != $1 }
      return Set(kinds).count == 3 && Set(run).count >= 12 && Double(changes) >= 0.5 * Double(run.count)
    }
  }
}
