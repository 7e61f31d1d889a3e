internal import OrderedCollections
internal import RetortCore

extension VerifyAnswer {
  /// What a function is rewarded for that passes some of its tests.
  package enum Credit: String, Codable, Hashable, Sendable, CaseIterable { case share, all }
}

extension VerifyAnswer.Output {
  /// What came of the tests.
  package struct Tested: Codable, Hashable, Sendable {
    /// What was run; nil where the response has none.
    package var code: String?
    package var report: String
    package var passed: Int
    package var run: Int

    package init(code: String?, report: String, passed: Int, run: Int) {
      self.code = code
      self.report = report
      self.passed = passed
      self.run = run
    }

    static let columns = ["code", "test_report", "tests_passed", "tests_run"]
  }
}

extension VerifyAnswer.Config {
  /// Nil with another verifier. Errors: ``StageError`` for keys that do not go together.
  func tests(answer: String, in workspace: Workspace) throws -> AnswerTests? {
    guard verifier == .tests else {
      let keys = [
        ("tool", tool != nil), ("tests", tests != nil), ("hidden", hidden != nil), ("entry", entry != nil),
        ("credit", credit != nil),
      ]
      if let key = keys.first(where: \.1)?.0 {
        throw StageError("\(key): expected verifier: tests with it, found \(verifier.rawValue)", at: [key])
      }
      return nil
    }
    guard let tool else {
      throw StageError(
        "expected the key 'tool' with verifier: tests, a server of the file that offers run_tests, found none"
      )
    }
    return AnswerTests(
      credit: credit ?? .share, runner: try TestRunner(tool, in: workspace), answer: answer,
      tests: tests ?? "tests", hidden: hidden ?? "hidden_tests", entry: entry ?? "entry")
  }
}

/// How a function is checked by tests that are run.
struct AnswerTests: Sendable {
  /// What part of the tests is rewarded.
  let credit: VerifyAnswer.Credit
  let runner: TestRunner
  let answer: String
  let tests: String
  let hidden: String
  let entry: String

  var reads: [ColumnUse] {
    [ColumnUse(answer), ColumnUse(tests)] + [hidden, entry].map { ColumnUse($0, required: false) }
  }

  /// A response without code has no answer.
  func process(_ row: Columns) async throws -> VerifyAnswer.Output {
    let lists = [try list(row, tests), try list(row, hidden, isRequired: false)]
    let name = row[entry]?.string.flatMap { $0.trimmed.isEmpty ? nil : $0.trimmed }
    guard let code = StatedCode.code(in: row[answer]?.string ?? "", defining: name) else {
      let wanted = name.map { " that defines the function `\($0)`" } ?? ""
      return VerifyAnswer.Output(
        correct: nil, reward: nil,
        tested: .init(
          code: nil, report: "No code was found. Put it into a fenced block of Python\(wanted).", passed: 0,
          run: 0))
    }
    let found = try await runner.run(code, name, lists, for: Digest(of: .object(row.values)))
    let (passed, total) = (found.reduce(0) { $0 + $1.passed }, found.reduce(0) { $0 + $1.total })
    let isRight = passed == total
    return VerifyAnswer.Output(
      correct: isRight,
      reward: credit == .all ? (isRight ? 1 : 0) : Double(passed) / Double(total),
      tested: .init(code: code, report: Self.words(found), passed: passed, run: total))
  }

  /// How many passed, and what the server says of those that are shown: nothing of what hidden ones want.
  private static func words(_ found: [TestRunner.Found]) -> String {
    guard let shown = found.first else { return "" }
    var head = "\(shown.passed) of \(shown.total) tests pass."
    if found.count > 1 { head += " \(found[1].passed) of \(found[1].total) hidden tests pass." }
    return String((shown.report.isEmpty ? head : "\(head)\n\(shown.report)").prefix(TestRunner.longestReport))
  }

  /// A list, or the text of one.
  private func list(_ row: Columns, _ column: String, isRequired: Bool = true) throws(BadRow) -> [JSON] {
    let value = row[column] ?? .null
    if value.isNull, !isRequired { return [] }
    let list = value.array ?? value.string.flatMap { try? JSON(parsing: $0) }?.array
    guard let list, !(isRequired && list.isEmpty) else {
      throw BadRow(
        "no tests",
        "expected a list of tests in '\(column)', such as {\"input\": [1], \"expected\": 2}, found \(row.found(column))"
      )
    }
    let bytes = JSON.array(list).text.utf8.count
    guard bytes <= Self.mostBytes else {
      throw BadRow(
        "too many tests", "expected at most \(Self.mostBytes) bytes in '\(column)', found \(bytes)")
    }
    return list
  }

  /// Bytes of tests, such that code has room beside them in a call.
  private static let mostBytes = Toolbox.mostArguments / 2
}
