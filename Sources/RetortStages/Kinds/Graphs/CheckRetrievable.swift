internal import OrderedCollections
package import RetortCore

/// Says whether what a search found for a question holds its answer: evidence that nobody can find supports no question
/// (REDSearcher, section 3: the answer must stand in the top 50 snippets).
package struct CheckRetrievable: RowStage {
  package static let name = "check-retrievable"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary =
    "Add whether the answer, or another name of it, stands in what a search found, and at which place."
  package static let keys = [
    "result": "The column with the result of a search, as call-tool adds it; default 'result'.",
    "answer": "The column with the answer; default 'answer'.",
  ]
  package static let sets = [HiddenNames.role]

  package struct Config: Codable, Sendable {
    package var result: String?
    package var answer: String?

    package init(result: String? = nil, answer: String? = nil) {
      self.result = result
      self.answer = answer
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var retrievable: Bool
    /// From 1, in the order of the search; null where it is in none.
    package var retrievedRank: Int?
    /// The document that has it, as the search shows it.
    package var retrievedIn: String?

    package enum CodingKeys: String, CodingKey {
      case retrievable
      case retrievedRank = "retrieved_rank"
      case retrievedIn = "retrieved_in"
    }

    package func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(retrievable, forKey: .retrievable)
      try fields.encode(retrievedRank, forKey: .retrievedRank)
      try fields.encode(retrievedIn, forKey: .retrievedIn)
    }
  }

  package var reads: [ColumnUse] { [ColumnUse(result), ColumnUse(answer)] }
  private let result: String
  private let answer: String
  private let others: Once<[String: [String]]>

  package init(_ config: Config, in workspace: Workspace) throws {
    result = config.result ?? "result"
    answer = config.answer ?? "answer"
    let aliases = workspace.set("aliases", as: Columns.self)
    others = Once { try await HiddenNames.others(aliases) }
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    guard let found = input[result]?.string, let answer = input[answer]?.string,
      !WholeWords.of(answer).isEmpty
    else {
      return .drop(
        reason: "nothing to look in",
        detail: "expected texts in '\(result)' and '\(self.answer)', found \(input.found(result)) and "
          + input.found(self.answer))
    }
    let names = ([answer] + (try await others.value[answer] ?? [])).map(WholeWords.spaced)
    // A hit is a paragraph that begins with its number; text before the first is of none.
    for (place, hit) in Self.hits(found).enumerated() {
      let spaced = WholeWords.spaced(hit)
      if names.contains(where: spaced.contains) {
        return .emit([
          Output(retrievable: true, retrievedRank: place + 1, retrievedIn: String(hit.prefix(600)))
        ])
      }
    }
    return .emit([Output(retrievable: false, retrievedRank: nil, retrievedIn: nil)])
  }

  private static func hits(_ text: String) -> [String] {
    var hits: [String] = []
    for paragraph in text.split(separator: "\n\n") {
      if hits.isEmpty || paragraph.hasPrefix("[") {
        hits.append(String(paragraph))
      } else {
        hits[hits.count - 1] += "\n\n" + paragraph
      }
    }
    return hits
  }
}
