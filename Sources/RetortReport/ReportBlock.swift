internal import RetortCore
package import RetortRun
package import RetortStore

/// A part of a report, before it is HTML or Markdown.
package indirect enum ReportBlock: Hashable, Sendable {
  /// Level 2 begins a section.
  case heading(Int, String)
  case text(String)
  /// The first `texts` columns are words, the others numbers.
  case table([String], [[String]], texts: Int)
  /// Left out of Markdown, which has the same numbers in a table.
  case plot(HTMLText)
  /// Verbatim.
  case code(String)
  /// Names and verbatim values.
  case fields([[String]])
  /// What is shown when asked for.
  case folded(String, [ReportBlock])
}
