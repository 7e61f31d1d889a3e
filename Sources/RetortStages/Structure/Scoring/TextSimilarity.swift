internal import Foundation
internal import RetortCore

/// How much two texts say the same.
protocol TextSimilarity: Sendable {
  /// As it is told beside every score that comes of it.
  var name: String { get }
  /// For each reference a number from 0 to 1; one that is not above `floor` may be given as 0.
  func similarities(of text: String, to references: [String], above floor: Double) async throws -> [Double]
}

/// The shared task's similarity: the root of the product of METEOR and of the probability that the prediction entails the
/// reference. Where one of the two is not to be had, the lexical similarity stands in for it, and the name says so.
struct StructureSimilarity: TextSimilarity {
  private let meteor: Meteor?
  private let judge: (any EntailmentModel)?
  private let lexical = LexicalSimilarity()

  init(meteor: Meteor? = nil, judge: (any EntailmentModel)? = nil) {
    self.meteor = meteor
    self.judge = judge
  }

  var name: String {
    switch (meteor, judge) {
    case (nil, nil): "lexical"
    case (nil, _?): "lexical x entailment"
    case (_?, nil): "meteor x lexical"
    case (_?, _?): "meteor x entailment"
    }
  }

  func similarities(of text: String, to references: [String], above floor: Double) async throws -> [Double] {
    // As the organisers do before they compare.
    let (text, references) = (text.lowercased(), references.map { $0.lowercased() })
    let words = try await meteor?.scores(of: text, to: references) ?? lexical.scores(of: text, to: references)
    guard meteor != nil || judge != nil else { return words }
    var likenesses = words.map { _ in 0.0 }
    // The other factor is 1 at most: a pair that cannot get above the floor is not asked about.
    let candidates = words.indices.filter { words[$0].squareRoot() > floor }
    let senses = try await senses(of: text, to: candidates.map { references[$0] })
    for (place, sense) in zip(candidates, senses) { likenesses[place] = (words[place] * sense).squareRoot() }
    return likenesses
  }

  private func senses(of text: String, to references: [String]) async throws -> [Double] {
    guard let judge else { return lexical.scores(of: text, to: references) }
    return try await Together.results(references.count) {
      try await judge.entailment(of: references[$0], from: text).entailment
    }
  }
}
