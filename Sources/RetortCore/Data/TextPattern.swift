internal import Foundation

/// A regular expression from a pipeline file, held against texts from anywhere: a search ends, whatever the two are.
package struct TextPattern: Sendable {
  /// Why a search was given up: whether the text matches is not known.
  package struct GivenUp: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  /// Reports of the engine beyond one for each place of the text where a match may begin; it makes one for each 10,000
  /// steps back.
  private static let reports = 1000
  /// Seconds: some steps, such as comparing with an earlier group, are as long as the text.
  private static let seconds = 10.0

  private let expression: NSRegularExpression
  private let pattern: String

  /// Nil when `pattern` is no regular expression.
  package init?(_ pattern: String) {
    guard let expression = try? NSRegularExpression(pattern: pattern) else { return nil }
    self.expression = expression
    self.pattern = pattern
  }

  /// Whether the expression is found in the text. Errors: ``GivenUp``.
  package func isFound(in text: String) throws(GivenUp) -> Bool {
    let range = NSRange(text.startIndex..., in: text)
    let limit = range.length + Self.reports
    let start = ContinuousClock.now
    var (found, seen) = (false, 0)
    var failure: String?
    expression.enumerateMatches(in: text, options: [.reportProgress, .reportCompletion], range: range) {
      match, flags, stop in
      if match != nil {
        found = true
        stop.pointee = true
        return
      }
      if flags.contains(.internalError) { failure = "more memory than a search is given" }
      guard flags.contains(.progress) else { return }
      seen += 1
      if seen > limit { failure = "more steps than a search is given" }
      if seen % 64 == 0, ContinuousClock.now - start > .seconds(Self.seconds) {
        failure = "more than \(Int(Self.seconds)) seconds"
      }
      if failure != nil { stop.pointee = true }
    }
    if let failure, !found {
      throw GivenUp(
        description: "expected '\(pattern.prefix(200))' to be found or not, found that it takes \(failure) "
          + "in a text of \(text.unicodeScalars.count) characters; a simpler expression, without a repetition "
          + "inside another, can answer")
    }
    return found
  }
}
