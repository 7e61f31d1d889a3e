internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// The keys of one entry of `rounds:`.
struct RoundFields: Decodable {
  let max: Int
  let carry: Columns?
  let until: Until?
  let stages: Columns

  struct Until: Decodable {
    let of: String
    let `where`: [Columns]
  }
}

/// One entry of `rounds:`, as it is written.
struct RoundBlock {
  let name: String
  let keyPlace: FilePosition
  let node: PlacedNode
  let max: Int
  /// What rounds take in the place of an outer stage, by its name: a stage of the round before.
  let carry: OrderedDictionary<String, String>
  /// The stages whose one row says what a model of the file is in the next round, by the model's alias.
  let models: OrderedDictionary<String, String>
  /// By their names.
  let stages: OrderedDictionary<String, PlacedNode.Entry>

  /// More is a slip of the pen: each round is as many stages as the file has under `stages:`.
  static let mostRounds = 100
  /// The name of the stage that `until:` becomes.
  static let until = RoundName.until

  func stage(_ name: String, in round: Int) -> String { "\(self.name)[\(round)].\(name)" }
  func gate(after round: Int) -> String { "\(name)[\(round)]" }
  /// The stage that takes what a round trained as a model.
  func model(_ stage: String, in round: Int) -> String { "\(self.stage(stage, in: round)).model" }
  func label(_ name: String) -> String { "\(self.name).\(name)" }
  var names: [String] { stages.keys.elements }
}
