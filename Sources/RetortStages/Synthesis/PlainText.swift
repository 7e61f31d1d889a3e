internal import RetortCore

/// A text of the pipeline file that is sent as it is written.
enum PlainText {
  /// Errors: ``StageError`` for a text with a section, which somebody meant to be rendered.
  static func checked(_ text: String?, under key: String) throws -> String? {
    guard let text, let tag = text.firstMatch(of: /\{\{\s*[#^>\/][^{}]*\}\}/) else { return text }
    throw StageError(
      "\(key): expected a text without sections, since it is sent as it is written, found '\(tag.output.prefix(60))'"
    )
  }
}
