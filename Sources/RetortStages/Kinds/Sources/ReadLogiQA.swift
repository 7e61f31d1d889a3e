package import RetortCore

/// Reads multiple-choice questions in LogiQA's text format: blocks of eight lines, which are a blank, the right
/// letter, the context, the question and the options `A.` to `D.`. ``LogiQALetter`` says how letters may be written.
///
/// A broken block is rejected with the number of its first line; the next block starts at the next blank line that a
/// right letter follows.
package struct ReadLogiQA: Reader {
  package struct Config: Codable, Sendable {
    package let file: DataFiles

    package init(file: DataFile) { self.file = DataFiles(file) }
  }

  package struct Output: Codable, Hashable, Sendable {
    /// Context, query and the options with their letters, each on its line.
    package let question: String
    /// `a` to `d`.
    package let answer: String
    package let context: String
    package let query: String
    /// Without their letters, where a line begins with one.
    package let options: [String]
    /// The block's position in its file from 0; broken blocks count.
    package let id: Int
  }

  package static let name = "read-logiqa"
  package static let version = 1
  package static let summary = "Read multiple-choice questions in LogiQA's text format."
  package static let keys = [
    "file":
      "The file, \(FileKey.help)A block is a blank, the right letter, context, question, A. to D."
  ]

  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws { self.config = config }

  package func read(into sink: ReaderSink<Output>) async throws {
    for file in config.file.files {
      var lines = try LineReader(file)
      var blocks = LogiQABlocks()
      while let line = try lines.next() {
        for block in blocks.take(line) { try await send(block, of: file, to: sink) }
      }
      if let block = blocks.finish() { try await send(block, of: file, to: sink) }
    }
  }

  private func send(_ block: LogiQABlocks.Block, of file: DataFile, to sink: ReaderSink<Output>) async throws
  {
    switch block {
    case .question(let output): try await sink.make(output)
    case .broken(let detail):
      try await sink.reject(reason: "broken block", detail: "\(file.path), \(detail)")
    }
  }
}

/// Cuts lines into blocks.
struct LogiQABlocks {
  enum Block: Hashable, Sendable {
    case question(ReadLogiQA.Output)
    case broken(String)
  }

  private struct Failure: Error { let line: Int, problem: String }

  private var pending: [LineReader.Line] = []
  private var afterBlank = true
  private var count = 0

  /// The blocks that `line` ends.
  mutating func take(_ line: LineReader.Line) -> [Block] {
    if case .text(let text) = line.text, text.allSatisfy(\.isWhitespace) {
      afterBlank = true
      // A block that has its last option is over; one that lacks it may have a stray blank inside.
      return isClosed ? [close()] : []
    }
    var ended: [Block] = []
    let starts = Self.bareAnswer(line) != nil && (afterBlank || isComplete)
    if starts, !pending.isEmpty { ended = [close()] }
    afterBlank = false
    pending.append(line)
    return ended
  }

  mutating func finish() -> Block? { pending.isEmpty ? nil : close() }

  private var isClosed: Bool {
    guard let last = pending.last, case .text(let text) = last.text else { return false }
    return pending.count > 6 || LogiQALetter.option(text.trimmed)?.letter == "d"
  }

  private var isComplete: Bool { pending.count == 7 && isClosed }

  private mutating func close() -> Block {
    defer {
      pending = []
      count += 1
    }
    do throws(Failure) { return .question(try question()) } catch {
      let start = pending.first?.number ?? 0
      return .broken("block at line \(start): line \(error.line): \(error.problem)")
    }
  }

  private func question() throws(Failure) -> ReadLogiQA.Output {
    guard let first = pending.first, let answer = Self.answer(first) else {
      throw Failure(line: pending.first?.number ?? 0, problem: "expected a right letter, a to d")
    }
    var texts: [String] = []
    for line in pending.dropFirst() {
      guard case .text(let text) = line.text else {
        throw Failure(line: line.number, problem: "expected UTF-8 text of at most \(LineReader.limit) bytes")
      }
      texts.append(text.trimmed)
    }
    var options: [String] = []
    for (index, letter) in LogiQALetter.all.enumerated() {
      guard index + 2 < texts.count else {
        throw Failure(
          line: pending.last?.number ?? 0,
          problem: "expected \(LogiQALetter.all.count + 2) lines after the letter, found \(texts.count)")
      }
      guard let option = Self.option(texts[index + 2], letter: letter) else {
        throw Failure(
          line: pending[index + 3].number,
          problem: "expected an option that begins with '\(letter.uppercased()).'")
      }
      options.append(option)
    }
    guard texts.count == 6 else {
      throw Failure(line: pending[7].number, problem: "expected a blank line after option D.")
    }
    return ReadLogiQA.Output(
      question: texts.joined(separator: "\n"), answer: answer, context: texts[0], query: texts[1],
      options: options, id: count)
  }

  /// The text of an option, nil when the line is not this option. Translated files have marks such as `d.` and `C `,
  /// and marks that moved into the sentence (`Researcher C.Wang`); the latter stay where they are.
  private static func option(_ text: String, letter: String) -> String? {
    if let found = LogiQALetter.option(text) {
      return found.letter == letter && !found.text.isEmpty ? found.text : nil
    }
    let capital = letter.uppercased()
    if text.prefix(2) == capital + " " { return String(text.dropFirst(2)).trimmed }
    return text.contains(capital + ".") || text.contains(capital + "．") ? text : nil
  }

  private static func answer(_ line: LineReader.Line) -> String? {
    guard case .text(let text) = line.text else { return nil }
    return LogiQALetter.answer(text.trimmed)
  }

  /// A letter alone, which no other line of a block is.
  private static func bareAnswer(_ line: LineReader.Line) -> String? {
    guard case .text(let text) = line.text else { return nil }
    return LogiQALetter.bare(text.trimmed)
  }
}

/// The letters of options and answers, in either case and of either width: `A.`, `A．`, `A、`, `A，`, `A:`, `A：`, `A)`,
/// `(A)`, `（A）`, `[A]`, `【A】` begin an option; `B`, `(B)`, `B.`, `答案：B`, `Answer: B` are an answer.
enum LogiQALetter {
  static let all = ["a", "b", "c", "d"]
  private static let brackets: [Character: Character] = ["(": ")", "（": "）", "[": "]", "【": "】", "［": "］"]
  private static let marks: Set<Character> = [
    ".", "．", "。", "、", "､", ",", "，", ":", "：", ")", "）", "]", "】", "］",
  ]
  private static let labels = [
    "正确答案", "參考答案", "参考答案", "答案", "correct answer", "right answer", "answer", "key",
  ]

  /// The letter at the beginning of a line and the text after its mark; nil where the line begins with none.
  static func option(_ line: String) -> (letter: String, text: String)? {
    guard let (found, rest) = bracketed(line[...]) else {
      guard let first = line.first, let found = letter(first), let mark = line.dropFirst().first,
        marks.contains(mark)
      else { return nil }
      return (found, String(line.dropFirst(2)).trimmed)
    }
    let text = rest.first.map { marks.contains($0) } == true ? rest.dropFirst() : rest
    return (found, String(text).trimmed)
  }

  /// The answer that a line is, with or without a label or a mark.
  static func answer(_ line: String) -> String? {
    if let found = bare(line) { return found }
    if let found = option(line), found.text.isEmpty { return found.letter }
    let lower = line.lowercased()
    guard let label = labels.first(where: lower.hasPrefix) else { return nil }
    var rest = line.dropFirst(label.count).drop(while: \.isWhitespace)
    if let mark = rest.first, ":：是为為=".contains(mark) {
      rest = rest.dropFirst()
    } else if rest.lowercased().hasPrefix("is") {
      rest = rest.dropFirst(2)
    }
    let value = String(rest).trimmed
    return bare(value) ?? option(value).flatMap { $0.text.isEmpty ? $0.letter : nil }
  }

  /// The letter that is all of a line, in brackets or not.
  static func bare(_ line: String) -> String? {
    if line.count == 1 { return line.first.flatMap(letter) }
    guard let (found, rest) = bracketed(line[...]), rest.isEmpty else { return nil }
    return found
  }

  private static func bracketed(_ line: Substring) -> (String, Substring)? {
    guard let open = line.first, let close = brackets[open] else { return nil }
    let inside = line.dropFirst().drop(while: \.isWhitespace)
    guard let found = inside.first.flatMap(letter) else { return nil }
    let rest = inside.dropFirst().drop(while: \.isWhitespace)
    // One bracket may be full width and the other not.
    guard let end = rest.first, end == close || ")）]】］".contains(end) else { return nil }
    return (found, rest.dropFirst())
  }

  private static func letter(_ character: Character) -> String? {
    guard let scalar = character.unicodeScalars.first, character.unicodeScalars.count == 1 else { return nil }
    // Full width forms lie this far above.
    let value = (0xFF01...0xFF5E).contains(scalar.value) ? scalar.value - 0xFEE0 : scalar.value
    let lower = (65...90).contains(value) ? value + 32 : value
    return (97...100).contains(lower) ? Unicode.Scalar(lower).map { String(Character($0)) } : nil
  }
}
