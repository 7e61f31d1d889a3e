internal import RetortCore
internal import RetortRun
internal import RetortStore

/// A part of a report, before it is HTML or Markdown.
package indirect enum ReportBlock: Hashable, Sendable {
  /// Level 2 begins a section.
  case heading(Int, String)
  case text(String)
  /// The first `texts` columns are words, the others numbers.
  case table([String], [[String]], texts: Int)
  /// Left out of Markdown, which has the same numbers in a table.
  case plot(HTMLText)
  /// What one sees in the plot before it, whose title is for where it is not shown.
  case caption(of: String, String)
  /// Shown in place of a plot, where none is.
  case unplotted(ReportBlock)
  /// Verbatim.
  case code(String)
  /// Names and verbatim values.
  case fields([[String]])
  /// What is shown when asked for.
  case folded(String, [ReportBlock])
}
