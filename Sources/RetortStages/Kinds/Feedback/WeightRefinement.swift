internal import OrderedCollections
package import RetortCore

/// Weighs the tokens of a refinement that stands in a group under the original prompt, under which it was not sampled (GOLF,
/// arXiv 2603.04597, and its repository's trainer, which has no probability of a behaviour policy in it).
package struct WeightRefinement: RowStage {
  package static let name = "weight-refinement"
  package static let version = 1
  package static let summary =
    "Weigh each token of an injected refinement by p / (p + lambda) under the original prompt."
  package static let keys = [
    "lambda": "What holds back tokens that the policy finds unlikely, above 0; default 0.1.",
    "logprobs":
      "The column with the log-probabilities of an injected row's tokens, as score-logprobs finds them under the original prompt; default 'logprobs'.",
    "injected": "The column that is true of a row whose response was put in; default 'golf_injected'.",
  ]
  package static let plots = PlottedColumns.own([PlottedColumn("golf_mean_weight")])

  package struct Config: Codable, Sendable {
    package var lambda: Double?
    package var logprobs: String?
    package var injected: String?

    package init(lambda: Double? = nil) { self.lambda = lambda }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    /// Of each token, above 0 and below 1; empty where all count 1, which is so of what was sampled under its own prompt.
    package var weights: [Double]
    /// Of the tokens' weights; 1 where there are none.
    package var mean: Double

    package enum CodingKeys: String, CodingKey {
      case weights = "golf_token_weights"
      case mean = "golf_mean_weight"
    }
  }

  package var reads: [ColumnUse] { [ColumnUse(injected), ColumnUse(logprobs, required: false)] }
  private let lambda: Double
  private let logprobs: String
  private let injected: String

  package init(_ config: Config, in workspace: Workspace) throws {
    lambda = config.lambda ?? 0.1
    logprobs = config.logprobs ?? "logprobs"
    injected = config.injected ?? "golf_injected"
    guard lambda > 0, lambda.isFinite else { throw StageError("lambda: expected above 0, found \(lambda)") }
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    guard input[injected] == true else { return .emit([Output(weights: [], mean: 1)]) }
    let numbers = input[logprobs]?.array?.compactMap(\.number) ?? []
    guard !numbers.isEmpty, numbers.count == input[logprobs]?.array?.count, numbers.allSatisfy({ $0 <= 0 })
    else {
      return .drop(
        reason: "no log-probabilities",
        detail:
          "expected numbers of 0 or less in '\(logprobs)' of an injected row, found \(input.found(logprobs))")
    }
    let weights = numbers.map { GOLF.weight(logprob: $0, lambda: lambda) }
    return .emit([Output(weights: weights, mean: weights.reduce(0, +) / Double(weights.count))])
  }
}
