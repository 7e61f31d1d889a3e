internal import RetortCore

/// An answer of a row: what a template makes of its columns, or the column that the key is named after.
struct AnswerText: Sendable {
  private let key: String
  private let template: Prompt?

  /// Errors: ``StageError`` for a text that is no template.
  init(_ template: String?, under key: String) throws {
    self.key = key
    self.template = try Prompt.checked(template, under: key)
  }

  var reads: [ColumnUse] { template?.reads ?? [ColumnUse(key)] }

  func text(of row: Columns) throws(BadRow) -> String {
    guard let template else { return try row.assistantText(key) }
    try row.fills(template, under: key)
    let text = try row.rendered(template, or: "no text in \(key)")
    guard !text.isBlank else {
      throw BadRow("no text in \(key)", "expected a text of '\(key)', found one without a word")
    }
    return text
  }
}
