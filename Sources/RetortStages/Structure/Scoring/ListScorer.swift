internal import OrderedCollections
internal import RetortCore

/// Scores lists by a structure, as the shared task's are: items are matched by the field that names them, and each other
/// field counts only where those are right that it is answered from.
struct ListScorer: Sendable {
  /// What an F1 is of: a list of texts, or a field of a list.
  struct Aspect: Hashable, Sendable {
    let list: String
    /// Nil of a list of texts.
    let field: String?
    /// Fields that must be right before this one counts; empty for the one that items are matched by.
    let needs: [String]
    /// Above which similarity texts match, 0 to 1.
    var threshold: Double

    /// As a pipeline names it.
    var name: String { field.map { "\(list).\($0)" } ?? list }
    var column: String { (field.map { "\(list)_\($0)" } ?? list) + "_f1" }
    var isText = true
  }

  struct Score: Hashable, Sendable {
    /// 0 to 1, by the aspect's name.
    var f1: OrderedDictionary<String, Double> = [:]
    var matched: OrderedDictionary<String, [StructureMatch]> = [:]
  }

  let similarity: any TextSimilarity
  /// In the structure's order, of each list the field first that items are matched by.
  private(set) var aspects: [Aspect]

  /// - Parameter thresholds: of single aspects, by their names.
  ///
  /// Errors: ``StageErrors`` about the key `threshold_of`, and where two aspects would have one column.
  init(
    _ structure: Structure, similarity: any TextSimilarity, thresholds: StructureThresholds,
    of single: [String: Double] = [:]
  ) throws {
    self.similarity = similarity
    aspects = structure.lists.values.flatMap { Self.aspects(of: $0.key, $0.value, structure, thresholds) }
    var mistakes: [StageError] = []
    let texts = aspects.filter(\.isText).map(\.name)
    for name in single.keys.sorted() {
      guard let value = single[name], let place = aspects.firstIndex(where: { $0.name == name && $0.isText })
      else {
        mistakes.append(
          StageError(
            "expected a text of the structure (\(texts.joined(separator: ", "))), found '\(name)'"
              + NearestWord.hint(name, in: texts), at: ["threshold_of", name], isAboutKey: true))
        continue
      }
      if !(0...1).contains(value) {
        mistakes.append(StageError("expected 0 to 1, found \(value)", at: ["threshold_of", name]))
      }
      aspects[place].threshold = value
    }
    let columns = OrderedDictionary(grouping: aspects) { $0.column.lowercased() }
    for (column, several) in columns where several.count > 1 {
      mistakes.append(
        StageError(
          "structure: expected names that make columns of their own, found '\(column)' of \(several.map { "'\($0.name)'" }.listed("and"))",
          at: ["structure"]))
    }
    guard mistakes.isEmpty else { throw StageErrors(mistakes) }
  }

  private static func aspects(
    of name: String, _ list: Structure.List, _ structure: Structure, _ thresholds: StructureThresholds
  ) -> [Aspect] {
    guard let fields = list.fields else {
      return [Aspect(list: name, field: nil, needs: [], threshold: thresholds.question)]
    }
    func isText(_ field: String) -> Bool { fields[field]?.values == nil && fields[field]?.type != .number }
    guard let key = fields.names.first(where: isText) ?? fields.names.first else { return [] }
    let acts = (structure.acts?.values ?? [:]).values.filter { $0.each == name }
    var aspects = [
      Aspect(list: name, field: key, needs: [], threshold: thresholds.statement, isText: isText(key))
    ]
    var left = fields.names.filter { $0 != key }
    // In an order in which what a field is answered from goes before it; fields that wait for each other need the key alone.
    while !left.isEmpty {
      let known = Set(aspects.compactMap(\.field))
      func given(_ field: String) -> [String] {
        let given = acts.first { $0.gives?.contains(field) == true }?.given ?? []
        return [key] + given.filter { $0 != key }
      }
      let next = left.firstIndex { Set(given($0)).isSubset(of: known) }
      let field = left.remove(at: next ?? 0)
      aspects.append(
        Aspect(
          list: name, field: field, needs: next == nil ? [key] : given(field), threshold: thresholds.evidence,
          isText: isText(field)))
    }
    return aspects
  }

  func score(_ predicted: ScoredLists, against gold: ScoredLists) async throws -> Score {
    var score = Score()
    var key: [StructureMatch] = []
    for aspect in aspects {
      // What is no list has predicted nothing that could be right.
      guard let items = predicted.lists[aspect.list] else {
        score.f1[aspect.name] = 0
        score.matched[aspect.name] = []
        continue
      }
      let known = gold.lists[aspect.list] ?? []
      var right: [StructureMatch] = []
      if aspect.needs.isEmpty {
        right = try await matches(of: aspect, items, known)
        key = right
      } else {
        let needed = aspect.needs.map { score.matched["\(aspect.list).\($0)"] ?? [] }
        for pair in key where needed.allSatisfy({ $0.contains { $0.predicted == pair.predicted } }) {
          let field = aspect.field ?? ""
          guard let said = items[pair.predicted][field], let wanted = known[pair.gold][field] else {
            continue
          }
          let likeness = try await likenesses(of: said, to: [wanted], aspect)[0]
          guard likeness > floor(aspect) else { continue }
          right.append(.init(predicted: pair.predicted, gold: pair.gold, similarity: likeness))
        }
      }
      score.matched[aspect.name] = right
      score.f1[aspect.name] = GreedyMatching.f1(right.count, predicted: items.count, gold: known.count)
    }
    return score
  }

  private func matches(
    of aspect: Aspect, _ items: [[String: ScoredLists.Value]], _ known: [[String: ScoredLists.Value]]
  ) async throws -> [StructureMatch] {
    let field = aspect.field ?? ""
    return try await GreedyMatching.matches(
      items.indices.filter { items[$0][field] != nil },
      references: known.indices.filter { known[$0][field] != nil }, above: floor(aspect)
    ) { prediction, left in
      try await likenesses(
        of: items[prediction][field] ?? .none, to: left.map { known[$0][field] ?? .none }, aspect)
    }
  }

  private func floor(_ aspect: Aspect) -> Double { aspect.isText ? aspect.threshold : 0 }

  /// Of texts what ``similarity`` says; of enums and numbers, and of what is left out, 1 where they are equal.
  private func likenesses(
    of value: ScoredLists.Value, to others: [ScoredLists.Value], _ aspect: Aspect
  ) async throws -> [Double] {
    guard case .text(let said) = value else { return others.map { $0 == value ? 1 : 0 } }
    let texts = others.map { if case .text(let text) = $0 { text } else { nil as String? } }
    let found = try await similarity.similarities(
      of: said, to: texts.compactMap { $0 }, above: floor(aspect))
    var rest = found[...]
    return texts.map { $0 == nil ? 0 : rest.removeFirst() }
  }
}
