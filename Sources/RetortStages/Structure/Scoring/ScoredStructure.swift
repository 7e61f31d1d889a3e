internal import OrderedCollections
internal import RetortCore

/// The two parsings of a row as they are scored: read leniently, so that what cannot be read counts as predicted and
/// matches nothing, and never makes a score better by being left out.
struct ScoredStructure: Hashable, Sendable {
  /// Nil where they are no list; of an item that cannot be read, too.
  private(set) var conditions: [String?]?
  private(set) var steps: [Step]?
  /// What cannot be read, one sentence each.
  private(set) var faults: [String] = []
  /// Verdicts that the organisers' script reads otherwise than a person would, one sentence each.
  private(set) var doubts: [String] = []
  /// Whether neither of the two is a list.
  var isUnreadable: Bool { conditions == nil && steps == nil }

  struct Step: Hashable, Sendable {
    var statement: String?
    var evidence: String?
    var verdict: Bool?
  }

  init(_ row: Columns) { self.init(questionParsing: row["question_parsing"], cotParsing: row["cot_parsing"]) }

  init(questionParsing: JSON?, cotParsing: JSON?) {
    conditions = list(questionParsing, "question_parsing", of: "texts")?.enumerated().map {
      text($1, "question_parsing[\($0)]")
    }
    steps = list(cotParsing, "cot_parsing", of: "objects")?.enumerated().map {
      step($1, "cot_parsing[\($0)]")
    }
  }

  /// A list, or one that is written as JSON text.
  private mutating func list(_ value: JSON?, _ place: String, of what: String) -> [JSON]? {
    let found = value?.array ?? value?.string.flatMap { try? JSON(parsing: $0) }?.array
    if found == nil {
      faults.append("\(place): expected a list of \(what), found \(value?.kind ?? "nothing")")
    }
    return found
  }

  private mutating func text(_ value: JSON?, _ place: String) -> String? {
    if value?.string == nil { faults.append("\(place): expected a text, found \(value?.kind ?? "nothing")") }
    return value?.string
  }

  private mutating func step(_ item: JSON, _ place: String) -> Step {
    guard item.object != nil else {
      faults.append(
        "\(place): expected an object of statement, evidence and Verification, found \(item.kind)")
      return Step()
    }
    return Step(
      statement: text(item["statement"], "\(place).statement"),
      evidence: text(item["evidence"], "\(place).evidence"),
      verdict: verdict(item["Verification"] ?? item["verification"], "\(place).Verification"))
  }

  /// `true` and `True` are true and every other text is false, as the organisers' script has it; a JSON Boolean, which
  /// the script takes for false, is what it says.
  private mutating func verdict(_ value: JSON?, _ place: String) -> Bool? {
    switch value {
    case .string(let text):
      if !["true", "True", "false", "False"].contains(text) {
        doubts.append("\(place): \"\(text.prefix(20))\" counts as false")
      }
      return text == "true" || text == "True"
    case .bool(let value):
      doubts.append("\(place): a Boolean, false to the organisers' script")
      return value
    default:
      faults.append("\(place): expected \"true\" or \"false\", found \(value?.kind ?? "nothing")")
      return nil
    }
  }
}
