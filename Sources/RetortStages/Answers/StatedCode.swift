internal import RetortCore

/// The Python code that a response gives as its answer.
enum StatedCode {
  /// The last fenced block that defines the function, else the last one. A text without a fence is code where it defines the
  /// function itself; nil where there is none. A fence that is never closed ends with the text.
  ///
  /// - Parameter entry: the function's name; nil for a whole program.
  static func code(in response: String, defining entry: String?) -> String? {
    let text = StatedAnswer.spoken(response)
    let blocks = fenced(text).filter { !$0.trimmed.isEmpty }
    guard let last = blocks.last else { return defines(text, entry) ? text : nil }
    return blocks.last { defines($0, entry) } ?? last
  }

  private static func defines(_ text: String, _ entry: String?) -> Bool {
    guard let entry else { return false }
    return text.split(separator: "\n").contains { line in
      let words = line.split(maxSplits: 2) { $0 == " " || $0 == "(" || $0 == "\t" }
      return words.count > 1 && words[0] == "def" && words[1] == entry
        || words.prefix(2) == [Substring(entry), "="]
    }
  }

  /// What stands between lines of three backquotes or more.
  private static func fenced(_ text: String) -> [String] {
    var (blocks, open): ([String], [Substring]?) = ([], nil)
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.drop(while: { $0 == " " }).hasPrefix("```") else {
        open?.append(line)
        continue
      }
      if let lines = open { blocks.append(lines.joined(separator: "\n") + "\n") }
      open = open == nil ? [] : nil
    }
    if let open { blocks.append(open.joined(separator: "\n")) }
    return blocks
  }
}
