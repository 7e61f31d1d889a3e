package import RetortCore

/// Lets refinements go on that answer the task as if for the first time.
package struct ValidateRefinement: RowStage {
  package static let name = "validate-refinement"
  package static let version = 1
  package static let summary =
    "Drop refinements that speak of attempts or feedback, or that only copy an attempt."
  package static let keys = [
    "completion": "The column with the refinement; default 'completion'.",
    "phrases":
      "Phrases that give away what the model saw, whatever their case; default: earlier, previous and first answer(s) or attempt(s), the feedback, the critique.",
    "prompt":
      "The column with what the model saw; a refinement that stands in it word for word is a copy. Default 'feedback_prompt', where there is one.",
  ]

  package struct Config: Codable, Sendable {
    package var completion: String?
    package var phrases: [String]?
    package var prompt: String?

    package init(phrases: [String]? = nil) { self.phrases = phrases }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  static let phrases =
    ["earlier", "previous", "prior"].flatMap { word in
      ["answer", "answers", "attempt", "attempts", "response", "responses"].map { "\(word) \($0)" }
    } + ["the feedback", "the critique", "feedback provided", "answer 1:", "attempt 1"]

  package let reads: [ColumnUse]
  private let completion: String
  private let prompt: String
  private let phrases: [String]

  package init(_ config: Config, in workspace: Workspace) throws {
    completion = config.completion ?? "completion"
    prompt = config.prompt ?? "feedback_prompt"
    phrases = (config.phrases ?? Self.phrases).map { $0.lowercased().trimmed }
    guard phrases.allSatisfy({ !$0.isEmpty }) else {
      throw StageError("phrases: expected words, found an empty text", at: ["phrases"])
    }
    reads = [ColumnUse(completion), ColumnUse(prompt, required: config.prompt != nil)]
  }

  package func process(_ input: Columns) async throws -> Outcome<NoColumns> {
    guard let text = input[completion]?.string else {
      return .drop(
        reason: "no completion",
        detail: "expected a text in '\(completion)', found \(input.found(completion))")
    }
    let said = text.lowercased()
    if let phrase = phrases.first(where: { said.contains($0) }) {
      return .drop(reason: "mentions attempts", detail: "it says '\(phrase)'")
    }
    // Short answers may well be the same.
    let copied = text.trimmed
    if copied.count >= 40, input[prompt]?.string?.contains(copied) ?? false {
      return .drop(reason: "copy of an attempt", detail: "it stands word for word in '\(prompt)'")
    }
    return .emit([NoColumns()])
  }
}
