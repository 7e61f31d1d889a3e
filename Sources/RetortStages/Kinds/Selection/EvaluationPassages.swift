internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// The passages of evaluation files and the runs of words in them.
struct EvaluationPassages: Sendable {
  /// A run, or a passage shorter than one.
  private struct Passage {
    let file: String
    var items = 0
    var lastItem = -1
    /// Whether it stands in a longer text that many items repeat, as questions on one document do.
    var isInDocument = false

    var isStem: Bool { items >= EvaluationPassages.many && !isInDocument }

    mutating func add(_ item: Int) {
      if lastItem != item { items += 1 }
      lastItem = item
    }
  }

  /// What stands in as many items says how questions are asked, and nothing of one of them.
  private static let many = 4
  /// Runs in a repeated text from which on it is a document and no stem.
  private static let document = 3

  let texts: [String]
  private let length: Int
  /// By the hash of the run's words.
  private let runs: [UInt64: String]
  /// By the hash of all that counts in the passage.
  private let wholes: [UInt64: String]

  /// - Parameter length: words in a run.
  init(of files: [DataFile], length: Int) throws {
    var texts: [String] = []
    var runs: [UInt64: Passage] = [:]
    var wholes: [UInt64: Passage] = [:]
    var item = 0
    for file in files {
      for passages in try EvaluationItems.items(of: file) {
        item += 1
        for text in passages {
          let units = TextUnit.units(of: text)
          guard units.contains(where: \.isWord) else { continue }
          texts.append(text)
          let found = WordShingles.runs(of: units.filter(\.isWord), length: length)
          for run in found { runs[run.hash, default: Passage(file: file.path)].add(item) }
          if found.isEmpty {
            wholes[WordShingles.hash(units[...]), default: Passage(file: file.path)].add(item)
          }
        }
      }
    }
    if runs.values.contains(where: \.isStem) {
      for text in texts { Self.markDocuments(text, length: length, in: &runs) }
    }
    self.texts = texts
    self.length = length
    self.runs = runs.filter { !$0.value.isStem }.mapValues(\.file)
    self.wholes = wholes.filter { !$0.value.isStem }.mapValues(\.file)
  }

  private static func markDocuments(_ text: String, length: Int, in runs: inout [UInt64: Passage]) {
    let words = TextUnit.units(of: text).filter(\.isWord)
    let found = WordShingles.runs(of: words, length: length)
    for block in found.split(whereSeparator: { runs[$0.hash]?.items ?? 0 < many }) {
      guard let first = block.first, let last = block.last else { continue }
      let share = words[first.range.lowerBound..<last.range.upperBound].reduce(0) { $0 + $1.share }
      guard share >= document * length * TextUnit.word else { continue }
      for run in block { runs[run.hash]?.isInDocument = true }
    }
  }

  /// The first words of a text that a file has too, and the file.
  func match(_ text: String) -> (words: String, file: String)? {
    let units = TextUnit.units(of: text)
    let words = units.filter(\.isWord)
    let found = WordShingles.runs(of: words, length: length)
    guard !found.isEmpty else {
      return wholes[WordShingles.hash(units[...])].map { (words.map(\.text).joined(separator: " "), $0) }
    }
    for run in found {
      if let file = runs[run.hash] { return (words[run.range].map(\.text).joined(separator: " "), file) }
    }
    return nil
  }
}

/// The items of an evaluation file, each with its passages: the elements of a JSON file's lists, the lines of others.
private enum EvaluationItems {
  static func items(of file: DataFile) throws -> [[String]] {
    switch Packing.ending(of: file.url) {
    case "json": return distinct(elements(of: try json(try text(of: file), at: file.path)))
    case "jsonl", "ndjson":
      return distinct(
        try lines(of: file).filter { !$0.text.allSatisfy(\.isWhitespace) }.map {
          try json($0.text, at: "\(file.path):\($0.number)")
        })
    default: return try lines(of: file).map { [$0.text] }
    }
  }

  /// What is written twice is one item.
  private static func distinct(_ items: [JSON]) -> [[String]] {
    var seen: Set<Digest> = []
    return items.map { item in seen.insert(Digest(of: item)).inserted ? strings(in: item) : [] }
  }

  private static func elements(of json: JSON) -> [JSON] {
    switch json {
    case .array(let elements): elements
    case .object(let fields): fields.values.flatMap { $0.array ?? [$0] }
    default: [json]
    }
  }

  private static func strings(in json: JSON) -> [String] {
    switch json {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap(strings)
    case .object(let fields): fields.values.flatMap(strings)
    default: []
    }
  }

  private static func text(of file: DataFile) throws -> String {
    guard let data = try file.contents(limit: .max), let text = String(validating: data, as: UTF8.self) else {
      throw StageError("expected UTF-8 text in '\(file.path)', found other bytes")
    }
    return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
  }

  private static func json(_ text: String, at place: String) throws -> JSON {
    do { return try JSON(parsing: text) } catch { throw StageError("\(place): expected JSON: \(error)") }
  }

  private static func lines(of file: DataFile) throws -> [(number: Int, text: String)] {
    var reader = try LineReader(file)
    var lines: [(number: Int, text: String)] = []
    while let line = try reader.next() {
      guard case .text(let text) = line.text else {
        throw StageError("\(file.path):\(line.number): expected a line of UTF-8 text of at most 16 MB")
      }
      lines.append((line.number, text))
    }
    return lines
  }
}
