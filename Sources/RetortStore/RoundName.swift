/// The name of a stage that stands in a round, as runs record it: `play[2].ask`, or `play[2]` for the gate behind round 2.
package struct RoundName: Hashable, Sendable {
  package let block: String
  package let number: Int
  /// Empty for a gate.
  package let stage: String

  /// Nil for the name of a stage outside of all rounds.
  package init?(_ name: String) {
    guard let match = name.wholeMatch(of: /([a-z][a-z0-9_]*)\[([0-9]{1,9})\](?:\.([a-z0-9_.]+))?/),
      let number = Int(match.2)
    else { return nil }
    block = String(match.1)
    self.number = number
    stage = match.3.map(String.init) ?? ""
  }

  /// The stage that looks for rows which end the rounds.
  package static let until = "until"

  /// What the stage is called in all rounds together.
  package var label: String { stage.isEmpty ? block : "\(block).\(stage)" }
  /// What its view is called; nil for what is there for the rounds' own sake.
  var view: String? {
    if stage.isEmpty { return block }
    return stage == Self.until || stage.contains(".") ? nil : stage
  }

  /// Whether a user means it by a word: `play.ask`, or `ask` alone.
  func answers(to word: String) -> Bool { word == label || word == view }
}
