/// Reads multiple-choice questions in LogiQA's text format: blocks of eight lines, which are a blank, the right
/// letter, the context, the question and the options `A.` to `D.`.
///
/// A broken block is rejected with the number of its first line; the next block starts at the next blank line that a
/// right letter follows.
package struct ReadLogiQA: SetStage {
  package struct Config: Codable, Sendable {
    package let file: DataFile

    package init(file: DataFile) { self.file = file }
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
    /// The block's position in the file from 0; broken blocks count.
    package let id: Int
  }

  package typealias Input = NoColumns

  package static let name = "read-logiqa"
  package static let version = 1
  package static let summary = "Read multiple-choice questions in LogiQA's text format."
  package static let keys = [
    "file":
      "The file, relative to the pipeline file: a blank, the right letter, context, question, A. to D."
  ]

  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws { self.config = config }

  package func process(_ rows: RowSet<NoColumns>, into sink: SetSink<Output>) async throws {
    var lines = try LineReader(config.file.url)
    defer { lines.close() }
    var blocks = LogiQABlocks()
    while let line = try lines.next() {
      for block in blocks.take(line) { try await send(block, to: sink) }
    }
    if let block = blocks.finish() { try await send(block, to: sink) }
  }

  private func send(_ block: LogiQABlocks.Block, to sink: SetSink<Output>) async throws {
    switch block {
    case .question(let output): try await sink.make(output)
    case .broken(let detail): try await sink.reject(reason: "broken block", detail: detail)
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

  private static let letters = ["A", "B", "C", "D"]
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
    let starts = Self.answer(line) != nil && (afterBlank || isComplete)
    if starts, !pending.isEmpty { ended = [close()] }
    afterBlank = false
    pending.append(line)
    return ended
  }

  mutating func finish() -> Block? { pending.isEmpty ? nil : close() }

  private var isClosed: Bool {
    guard let last = pending.last, case .text(let text) = last.text else { return false }
    return pending.count > 6 || text.prefix(2).uppercased() == "D."
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
      texts.append(text.trimmingSpaces)
    }
    var options: [String] = []
    for (index, letter) in Self.letters.enumerated() {
      guard index + 2 < texts.count else {
        throw Failure(
          line: pending.last?.number ?? 0,
          problem: "expected \(Self.letters.count + 2) lines after the letter, found \(texts.count)")
      }
      guard let option = Self.option(texts[index + 2], letter: letter) else {
        throw Failure(
          line: pending[index + 3].number, problem: "expected an option that begins with '\(letter).'")
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
    let head = text.prefix(2)
    let marked = head.uppercased() == letter + "." || head == letter + " "
    if !marked {
      let isAnother = letters.contains { head.uppercased() == $0 + "." }
      return !isAnother && text.contains(letter + ".") ? text : nil
    }
    let option = String(text.dropFirst(2)).trimmingSpaces
    return option.isEmpty ? nil : option
  }

  private static func answer(_ line: LineReader.Line) -> String? {
    guard case .text(let text) = line.text else { return nil }
    let letter = text.trimmingSpaces
    return ["a", "b", "c", "d"].contains(letter) ? letter : nil
  }
}

extension String {
  /// Without white space at both ends.
  var trimmingSpaces: String {
    let head = drop(while: \.isWhitespace)
    guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(head[...last])
  }
}
