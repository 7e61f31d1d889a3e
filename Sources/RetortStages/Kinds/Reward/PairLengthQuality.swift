internal import OrderedCollections
package import RetortCore

/// Makes the preferences that ``CompareLengthQuality`` scores by into rows of their own.
package struct PairLengthQuality: SetStage {
  package typealias Config = LengthQualityConfig
  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "pair-length-quality"
  package static let version = 2
  package static let summary =
    "Make a chosen and a rejected completion of each pair of a group that differs in quality or length."
  package static let keys = LengthQualityConfig.keys
  package static let laterKeys = LengthQualityConfig.laterKeys

  package static func workload(of config: Config) -> Workload { config.workload }

  package var reads: [ColumnUse] {
    comparison.reads.filter { $0.name != "completion" } + [ColumnUse("completion", or: ["messages"])]
  }
  /// What the two rollouts have in common rides along.
  package var adds: [String]? { nil }
  private let comparison: LengthQuality

  package init(_ config: Config, in workspace: Workspace) throws {
    comparison = try LengthQuality(config, in: workspace)
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Columns>) async throws {
    let check = { (row: Columns) throws(BadRow) in
      guard Self.said(row.values) == nil else { return }
      throw BadRow(
        "no completion",
        "expected a text in 'completion', or a conversation in 'messages', found \(row.found("completion"))")
    }
    try await comparison.compare(rows, judging: .bothWellFormed, dropping: sink, check: check) { group in
      try await make(comparison.pairs(group), of: group.ordinals, in: rows, into: sink)
    }
  }

  /// A row for each pair: the columns in which both agree, the two completions, and the pair's weight and relation
  /// (`better`, or as good and `shorter`). Two completions that white space alone tells apart are no pair: a member that
  /// has no other is dropped.
  private func make(
    _ pairs: [TWYN.Pair], of ordinals: [Int], in rows: RowSet<Columns>, into sink: MakingSink<Columns>
  ) async throws {
    let members = try await rows.items(at: ordinals).map(\.row.columns)
    let texts = members.map { (Self.said($0) ?? .null).unnamedText.withoutSpace }
    let (equal, different) = (
      pairs.filter { texts[$0.chosen] == texts[$0.rejected] },
      pairs.filter { texts[$0.chosen] != texts[$0.rejected] }
    )
    for pair in different {
      let (chosen, rejected) = (members[pair.chosen], members[pair.rejected])
      var columns = chosen.filter { rejected[$0.key] == $0.value }
      columns["chosen"] = Self.said(chosen)
      columns["rejected"] = Self.said(rejected)
      columns["pair_weight"] = .double(pair.weight)
      columns["pair_relation"] = .string(pair.relation.rawValue)
      try await sink.make(Columns(columns), from: [ordinals[pair.chosen], ordinals[pair.rejected]].sorted())
    }
    let paired = Set(different.flatMap { [$0.chosen, $0.rejected] })
    let unpaired = Set(equal.flatMap { [$0.chosen, $0.rejected] }).subtracting(paired)
    for (index, ordinal) in ordinals.enumerated() where !paired.contains(index) {
      if unpaired.contains(index) {
        try await sink.drop(
          ordinal, reason: "equal pair",
          detail:
            "expected completions that differ by more than white space, found the same one in all its pairs")
      } else {
        try await sink.consume(ordinal)
      }
    }
  }

  /// What a rollout is: its completion, or the whole conversation of one with tools.
  private static func said(_ row: JSON.Object) -> JSON? {
    if let text = row["completion"], text.string != nil { return text }
    return row["messages"].flatMap { $0.array == nil ? nil : $0 }
  }
}

extension JSON {
  /// A text, or a conversation without the identifiers of its calls, which are others in every rollout.
  fileprivate var unnamedText: String {
    string ?? array.map { JSON.array($0.map(ConversationPair.unnamed)).canonical } ?? ""
  }
}
