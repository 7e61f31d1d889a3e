internal import OrderedCollections
internal import RetortCore

/// The two parsings of a row, read leniently: what does not fit is left out and complained about, so that the other
/// rules can still judge the rest.
struct StructureReading: Hashable, Sendable {
  private(set) var conditions: [String] = []
  private(set) var triples: [Triple] = []
  /// What does not fit the schema, one sentence each.
  private(set) var complaints: [String] = []

  init(questionParsing: JSON, cotParsing: JSON) {
    if let list = questionParsing.array {
      for (index, item) in list.enumerated() {
        guard let text = item.string, !WordList(content: text).isEmpty else {
          complaints.append("question_parsing[\(index)]: expected a text, found \(Self.found(item))")
          continue
        }
        conditions.append(text)
      }
    } else {
      complaints.append("question_parsing: expected a list of texts, found \(questionParsing.kind)")
    }
    if let list = cotParsing.array {
      for (index, item) in list.enumerated() { read(item, at: "cot_parsing[\(index)]") }
    } else {
      complaints.append("cot_parsing: expected a list of objects, found \(cotParsing.kind)")
    }
  }

  private mutating func read(_ item: JSON, at place: String) {
    guard let object = item.object else {
      complaints.append(
        "\(place): expected an object of statement, evidence and Verification, found \(item.kind)")
      return
    }
    let keys = ["statement", "evidence", "Verification"]
    for key in object.keys where !keys.contains(key) {
      complaints.append("\(place): expected only statement, evidence and Verification, found '\(key)'")
    }
    var texts: [String] = []
    for key in keys {
      switch object[key] {
      case .string(let text) where !WordList(content: text).isEmpty: texts.append(text)
      case .bool(let value) where key == "Verification": texts.append(value ? "true" : "false")
      case let other: complaints.append("\(place).\(key): expected a text, found \(Self.found(other))")
      }
    }
    if texts.count == 3 {
      triples.append(Triple(statement: texts[0], evidence: texts[1], verification: texts[2]))
    }
  }

  private static func found(_ json: JSON?) -> String {
    guard let json else { return "nothing" }
    return json.string == nil ? json.kind : "a text without a word"
  }
}
