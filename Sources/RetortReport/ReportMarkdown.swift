internal import RetortCore
internal import RetortRun
internal import RetortStore

/// A report as Markdown, for a paper's appendix or a data set's card: the same words and numbers without the plots.
package enum ReportMarkdown {
  package static func text(_ report: RunReport) -> String {
    HTMLText.visible(
      "# \(escaped(report.title))\n\n" + report.blocks.compactMap(markdown).joined(separator: "\n\n") + "\n")
  }

  private static func markdown(_ block: ReportBlock) -> String? {
    switch block {
    case .heading(let level, let text): String(repeating: "#", count: level) + " " + escaped(text)
    case .text(let text): escaped(text)
    case .caption(let title, let text): "\(escaped(title)): \(escaped(text))"
    case .unplotted(let block): markdown(block)
    case .plot: nil
    case .code(let text): fenced(text)
    case .fields(let fields):
      fields.map { "**\(escaped($0[0]))**\n\n\(fenced($0[1]))" }.joined(separator: "\n\n")
    case .folded(let summary, let blocks):
      (["**\(escaped(summary))**"] + blocks.compactMap(markdown)).joined(separator: "\n\n")
    case .table(let columns, let rows, let texts):
      ([line(columns), "|" + columns.indices.map { $0 < texts ? " --- |" : " ---: |" }.joined()]
        + rows.map(line)).joined(separator: "\n")
    }
  }

  private static func line(_ cells: [String]) -> String {
    "| " + cells.map(escaped).joined(separator: " | ") + " |"
  }

  /// One line in which no character begins markup or a tag.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if character.isNewline {
        result += " "
      } else {
        if "\\`*_[]<>|#&~$".contains(character) { result += "\\" }
        result.append(character)
      }
    }
    return result
  }

  /// Between fences longer than any run of backticks in the text.
  private static func fenced(_ text: String) -> String {
    let longest = text.split(whereSeparator: { $0 != "`" }).map(\.count).max() ?? 0
    let fence = String(repeating: "`", count: max(3, longest + 1))
    return "\(fence)\n\(text)\n\(fence)"
  }
}
