internal import RetortCore

/// Holds what a model wrote as a question against the task that it was to say.
struct QuestionCheck: Sendable {
  struct Fault: Hashable, Sendable {
    let reason: String
    let detail: String
  }

  private let task: SearchTask
  private let names: HiddenNames
  private let draft: String

  /// - Parameter draft: the question as templates word it, which gives nothing away.
  init(_ task: SearchTask, _ names: HiddenNames, draft: String) {
    self.task = task
    self.names = names
    self.draft = draft
  }

  func fault(of question: String) -> Fault? {
    if question.isBlank { return Fault(reason: "question empty", detail: "it says nothing") }
    if let said = names.said(in: question) ?? names.hint(in: question, besides: draft) {
      return Fault(reason: "question says a hidden name", detail: "it says '\(said)', which is to be found")
    }
    if let name = names.missing(in: question) {
      return Fault(reason: "question lacks a named entity", detail: "it does not name '\(name)'")
    }
    if let number = StatedNumbers(task).unknown(in: question) {
      return Fault(
        reason: "question says another number", detail: "it says \(number), which the task does not say")
    }
    return nil
  }
}

/// The numbers that a task may say: within its ranges, its differences, and those in its names.
struct StatedNumbers: Sendable {
  private var ranges: [ClosedRange<Int64>] = []
  private var words: Set<Substring> = []

  init(_ task: SearchTask) {
    for part in task.parts where part.isSaid {
      if let relative = part.relative {
        let size = Int64(clamping: relative.difference.magnitude)
        ranges.append(size...size)
      } else if let range = FactGraph.NumberRange(part.fact.object) {
        ranges.append(range.least...range.most)
      }
      words.formUnion(WholeWords.of(part.fact.object.string ?? part.fact.object.text))
    }
    words.formUnion(task.named.flatMap(WholeWords.of))
  }

  /// The first number of a text that is none of them.
  func unknown(in text: String) -> Substring? {
    WholeWords.of(text).first { word in
      guard let number = Int64(word) else { return false }
      return !words.contains(word) && !ranges.contains { $0.contains(number) }
    }
  }
}
