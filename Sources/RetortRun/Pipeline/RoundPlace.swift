internal import OrderedCollections
internal import RetortCore

/// Where a stage stands among the rounds of its file: what ``RoundsRewrite`` made of one that is written once.
package struct RoundPlace: Hashable, Sendable {
  /// The name under `rounds:`.
  package let block: String
  /// From 1.
  package let number: Int
  /// What all its rounds are named by together, as `play.ask`; that of gates is the block's own.
  package let label: String
  /// The name that is written in the file; nil for what the rewrite added.
  package var name: String?
  /// What lets it begin; nil in the first round.
  package var entrance: Entrance?
  /// The stages whose one row says what a model of the file is in this round, by the model's alias.
  package var models: [String: String] = [:]
  /// The stages that must have settled before it begins, though it takes nothing from them: a gate's own round.
  package var after: [String] = []
  /// Whether it decides if another round is played.
  package var decides = false

  /// A gate, and the decision under which what waits there is performed; under the other one it is skipped.
  package struct Entrance: Hashable, Sendable {
    package let gate: String
    /// Whether another round is played.
    package let goesOn: Bool
  }

  /// The stages that it waits for and takes nothing from.
  var awaits: [String] { after + (entrance.map { [$0.gate] } ?? []) }
}

extension PipelineStage {
  /// The number of its round where that makes another answer of the same question: of stages that draw samples.
  var drawnRound: Int { entry.drawsSamples ? round?.number ?? 1 : 1 }
}

extension Pipeline {
  /// The stages that a name means: one; one for each round, as `play.ask` or, for short, `ask`; or all that are written
  /// in rounds, as `play`.
  package func instances(of name: String) -> [String] {
    if self[name] != nil { return [name] }
    return stages.filter { stage in
      guard let round = stage.round else { return false }
      return round.block == name ? round.name != nil : round.label == name || round.name == name
    }.map(\.name)
  }

  /// The names that a user may type for stages, those of rounds once.
  package var stageWords: [String] {
    var seen: Set<String> = []
    return stages.map { $0.round?.label ?? $0.name }.filter { seen.insert($0).inserted }
  }

  /// Stages in words: those of several rounds once.
  func words(for names: [String]) -> String {
    let labels = names.map { self[$0]?.round?.label ?? $0 }
    let shown = zip(names, labels).map { name, label in labels.count { $0 == label } > 1 ? label : name }
    return OrderedSet(shown).joined(separator: ", ")
  }
}
