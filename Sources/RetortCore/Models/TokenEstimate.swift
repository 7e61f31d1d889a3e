/// What the tokens of a text are taken to be where nobody has counted them: a quarter of its length, rounded up.
package enum TokenEstimate {
  /// By bytes of UTF-8, for limits and budgets: no text is far below it. The endpoint's own count replaces it once there
  /// is one.
  package static func bytes(_ text: String) -> Int { quarter(text.utf8.count) }

  /// By characters, for how long a text may be: `tokens: estimate`.
  package static func characters(_ text: String) -> Int { quarter(text.count) }

  package static func quarter(_ length: Int) -> Int { (length + 3) / 4 }
}
