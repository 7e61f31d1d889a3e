internal import RetortCore

/// One thing that can be wrong with a parsed row; its reason is what the row is dropped and counted by.
package enum StructureRule: String, Codable, Hashable, Sendable, CaseIterable {
  case schema, verification, conditions, statements, lengths, grounding, occurrence, duplicates, leak, answer

  package var reason: String {
    switch self {
    case .schema: "not the schema"
    case .verification: "verification neither true nor false"
    case .conditions: "number of conditions"
    case .statements: "number of statements"
    case .lengths: "text too short or too long"
    case .grounding: "evidence not grounded"
    case .occurrence: "statement not in the rationale"
    case .duplicates: "duplicate step"
    case .leak: "text of a demonstration"
    case .answer: "rationale contradicts the answer"
    }
  }
}

struct StructureViolation: Hashable, Sendable {
  var rule: StructureRule
  /// What was expected and found, and where, in words that a model can act on.
  var message: String

  init(_ rule: StructureRule, _ message: String) {
    self.rule = rule
    self.message = message
  }
}

/// What the rules look at.
struct StructureCandidate: Hashable, Sendable {
  var question: String
  var cot: String
  var questionParsing: JSON
  var cotParsing: JSON
  var answer: String?
  /// The answer that was read out of the rationale, where a stage before did that.
  var finalAnswer: String?
  /// Every text of the row's demonstrations.
  var demonstrations: [String]

  init(
    question: String, cot: String, questionParsing: JSON, cotParsing: JSON, answer: String? = nil,
    finalAnswer: String? = nil, demonstrations: [String] = []
  ) {
    self.question = question
    self.cot = cot
    self.questionParsing = questionParsing
    self.cotParsing = cotParsing
    self.answer = answer
    self.finalAnswer = finalAnswer
    self.demonstrations = demonstrations
  }

  var reading: StructureReading { .init(questionParsing: questionParsing, cotParsing: cotParsing) }
}

/// The rules with their thresholds; which of them are on is the caller's.
struct StructureRules: Hashable, Sendable {
  var rules: Set<StructureRule> = Set(StructureRule.allCases)
  var conditions: ClosedRange<Int> = 3...40
  var statements: ClosedRange<Int> = 1...40
  /// Characters of a condition, statement or evidence.
  var lengths: ClosedRange<Int> = 2...2000
  /// Least overlap (0…1) of evidence with the question or the rationale.
  var grounding = 0.75
  /// Least overlap (0…1) of a statement with the rationale.
  var occurrence = 0.75
  /// Words in a row shared with a demonstration, and found in neither question nor rationale, that count as a leak.
  var leakWords = 12

  init() {}

  /// Everything wrong with `candidate`, in the order of ``StructureRule``.
  func violations(in candidate: StructureCandidate) -> [StructureViolation] {
    let reading = candidate.reading
    return StructureRule.allCases.filter(rules.contains).flatMap { rule in
      complaints(rule, reading, candidate).map { StructureViolation(rule, $0) }
    }
  }

  private func complaints(
    _ rule: StructureRule, _ reading: StructureReading, _ candidate: StructureCandidate
  ) -> [String] {
    switch rule {
    case .schema: reading.complaints
    case .verification: Self.verification(reading.triples)
    case .conditions: Self.count(reading.conditions.count, "question_parsing", conditions)
    case .statements: Self.count(reading.triples.count, "cot_parsing", statements)
    case .lengths: tooShortOrLong(reading)
    case .grounding: ungrounded(reading.triples, candidate)
    case .occurrence: absent(reading.triples, candidate)
    case .duplicates: Self.duplicates(reading.triples)
    case .leak: leaks(reading, candidate)
    case .answer: Self.disagreement(candidate)
    }
  }

  static func verification(_ triples: [Triple]) -> [String] {
    triples.enumerated().compactMap { index, triple in
      ["true", "false"].contains(triple.normalized.verification)
        ? nil
        : "cot_parsing[\(index)].Verification: expected \"true\" or \"false\", found \"\(triple.verification)\""
    }
  }

  static func count(_ found: Int, _ name: String, _ range: ClosedRange<Int>) -> [String] {
    range.contains(found)
      ? [] : ["\(name): expected \(range.lowerBound) to \(range.upperBound) items, found \(found)"]
  }

  private func tooShortOrLong(_ reading: StructureReading) -> [String] {
    Self.texts(reading).compactMap { place, text in
      lengths.contains(text.count)
        ? nil
        : "\(place): expected \(lengths.lowerBound) to \(lengths.upperBound) characters, found \(text.count)"
    }
  }

  private func ungrounded(_ triples: [Triple], _ candidate: StructureCandidate) -> [String] {
    // One text, so that evidence put together from the question and the rationale's first words is found too.
    let source = WordList(content: candidate.question + "\n" + candidate.cot)
    return triples.enumerated().compactMap { index, triple in
      isFound(triple.evidence, in: source, grounding)
        ? nil
        : "cot_parsing[\(index)].evidence: expected words of the question or the rationale, "
          + "found \"\(triple.evidence.prefix(200))\""
    }
  }

  private func absent(_ triples: [Triple], _ candidate: StructureCandidate) -> [String] {
    let source = WordList(content: candidate.cot)
    return triples.enumerated().compactMap { index, triple in
      isFound(triple.statement, in: source, occurrence)
        ? nil
        : "cot_parsing[\(index)].statement: expected words of the rationale, "
          + "found \"\(triple.statement.prefix(200))\""
    }
  }

  /// - Parameter share: 0 turns the rule off.
  private func isFound(_ text: String, in source: WordList, _ share: Double) -> Bool {
    let words = WordList(content: text)
    return share == 0 || words.overlap(with: source) >= share && words.signsMissing(in: source).isEmpty
  }

  /// A statement may come twice with other evidence: a rationale can reach it by two ways.
  static func duplicates(_ triples: [Triple]) -> [String] {
    var first: [[WordList]: Int] = [:]
    return triples.enumerated().compactMap { index, triple in
      let identity = [WordList(content: triple.statement), WordList(content: triple.evidence)]
      guard let earlier = first[identity] else {
        first[identity] = index
        return nil
      }
      return "cot_parsing[\(index)]: expected another step, found cot_parsing[\(earlier)] again"
    }
  }

  private func leaks(_ reading: StructureReading, _ candidate: StructureCandidate) -> [String] {
    guard !candidate.demonstrations.isEmpty else { return [] }
    let own = WordList(candidate.question).runs(of: leakWords).union(
      WordList(candidate.cot).runs(of: leakWords))
    let foreign = candidate.demonstrations.reduce(into: Set<ArraySlice<Substring>>()) {
      $0.formUnion(WordList($1).runs(of: leakWords))
    }
    return Self.texts(reading).compactMap { place, text in
      WordList(text).runs(of: leakWords).contains { foreign.contains($0) && !own.contains($0) }
        ? "\(place): expected text of this question, found text of a demonstration" : nil
    }
  }

  static func disagreement(_ candidate: StructureCandidate) -> [String] {
    guard let answer = candidate.answer else { return [] }
    let options = StatedAnswer.options(in: candidate.question) ?? StatedAnswer.usualOptions
    // A rationale is only searched for a letter, which says nothing about an answer that is none.
    let letter = StatedAnswer.option(answer).flatMap {
      StatedAnswer.letter(in: candidate.cot, options: max(options, StatedAnswer.number(of: $0)))
    }
    guard let stated = candidate.finalAnswer ?? letter,
      StatedAnswer.agrees(stated: stated, with: answer, options: options) == false
    else { return [] }
    return ["cot: expected the answer \"\(answer)\", found \"\(stated.prefix(80))\""]
  }

  private static func texts(_ reading: StructureReading) -> [(place: String, text: String)] {
    reading.conditions.enumerated().map { ("question_parsing[\($0)]", $1) }
      + reading.triples.enumerated().flatMap { index, triple in
        [
          ("cot_parsing[\(index)].statement", triple.statement),
          ("cot_parsing[\(index)].evidence", triple.evidence),
        ]
      }
  }
}
