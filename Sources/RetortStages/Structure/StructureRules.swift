internal import OrderedCollections
internal import RetortCore

/// One thing that can be wrong with a parsed row; its reason is what the row is dropped and counted by.
package enum StructureRule: String, Codable, Hashable, Sendable, CaseIterable {
  case schema, verification, conditions, statements, lengths, grounding, occurrence, circle, duplicates, leak,
    answer

  /// Those that are applied where a pipeline says nothing of them.
  static let usual = Set(allCases).subtracting([.circle])

  package var reason: String {
    switch self {
    case .schema: "not the schema"
    case .verification: "verification neither true nor false"
    case .conditions: "number of conditions"
    case .statements: "number of statements"
    case .lengths: "text too short or too long"
    case .grounding: "evidence not grounded"
    case .occurrence: "statement not in the rationale"
    case .circle: "evidence is its own statement"
    case .duplicates: "duplicate step"
    case .leak: "text of a demonstration"
    case .answer: "rationale contradicts the answer"
    }
  }
}

struct StructureViolation: Hashable, Sendable {
  var rule: StructureRule
  /// What a row is dropped and counted by.
  var reason: String
  /// What was expected and found, and where, in words that a model can act on.
  var message: String

  init(_ rule: StructureRule, _ message: String, reason: String? = nil) {
    self.rule = rule
    self.reason = reason ?? rule.reason
    self.message = message
  }
}

/// What the rules look at.
struct StructureCandidate: Hashable, Sendable {
  /// The texts that were taken apart, by column; what a row lacks is not there.
  var texts: [String: String]
  /// The columns with the lists.
  var lists: JSON.Object
  var answer: String?
  /// The answer that was read out of the rationale, where a stage before did that.
  var finalAnswer: String?
  /// Every text of the row's demonstrations.
  var demonstrations: [String]

  init(
    texts: [String: String], lists: JSON.Object, answer: String? = nil, finalAnswer: String? = nil,
    demonstrations: [String] = []
  ) {
    self.texts = texts
    self.lists = lists
    self.answer = answer
    self.finalAnswer = finalAnswer
    self.demonstrations = demonstrations
  }

  /// Of the task's own structure.
  init(
    question: String, cot: String, questionParsing: JSON, cotParsing: JSON, answer: String? = nil,
    finalAnswer: String? = nil, demonstrations: [String] = []
  ) {
    self.init(
      texts: ["question": question, "cot": cot],
      lists: ["question_parsing": questionParsing, "cot_parsing": cotParsing], answer: answer,
      finalAnswer: finalAnswer, demonstrations: demonstrations)
  }
}

/// The rules with their thresholds; which of them are on is the caller's.
struct StructureRules: Sendable {
  var form = StructureForm.reasoning
  var rules = StructureRule.usual
  /// Of lists of texts, and of lists of objects; what the structure itself says of a list goes before.
  var conditions: ClosedRange<Int>?
  var statements: ClosedRange<Int>?
  /// Characters of a free text.
  var lengths: ClosedRange<Int> = 2...2000
  /// Least overlap (0…1) of a text with the columns that it is put together from.
  var grounding = 0.75
  /// Least overlap (0…1) of a text with the one column that it is copied from.
  var occurrence = 0.75
  /// Least overlap (0…1) of the items of a list of texts with the columns that are shown for it, where the structure
  /// does not say where they are copied from; nil for any.
  var listGrounding: Double?
  /// Words in a row shared with a demonstration, and found in none of the row's texts, that count as a leak.
  var leakWords = 12

  init() {}

  /// Most items of a list that says none.
  static let most = 40

  /// Everything wrong with `candidate`, in the order of ``StructureRule``.
  func violations(in candidate: StructureCandidate) -> [StructureViolation] {
    let reading = StructureReading(candidate.lists, as: form)
    return StructureRule.allCases.filter(rules.contains).flatMap {
      violations(of: $0, in: reading, candidate)
    }
  }

  private func violations(
    of rule: StructureRule, in reading: StructureReading, _ candidate: StructureCandidate
  ) -> [StructureViolation] {
    switch rule {
    case .schema: reading.complaints.map { StructureViolation(.schema, $0) }
    case .verification: otherWords(reading)
    case .conditions:
      counts(reading) { $0.fields == nil ? conditions ?? usual($0) : nil }.map { $0(.conditions) }
    case .statements:
      counts(reading) { $0.fields != nil ? statements ?? usual($0) : nil }.map { $0(.statements) }
    case .lengths: tooShortOrLong(reading)
    case .grounding: absent(reading, candidate, .grounding)
    case .occurrence: absent(reading, candidate, .occurrence)
    case .circle: circles(reading)
    case .duplicates: duplicates(reading)
    case .leak: leaks(reading, candidate)
    case .answer: disagreement(candidate)
    }
  }

  private func usual(_ list: Structure.List) -> ClosedRange<Int> {
    let least = list.least ?? 1
    return least...(list.most ?? max(least, Self.most))
  }

  private func otherWords(_ reading: StructureReading) -> [StructureViolation] {
    form.lists.flatMap { name, list in
      (list.fields?.values ?? [:]).flatMap { field, value -> [StructureViolation] in
        guard let words = form.words(name, field), let values = value.values?.map(\.text) else { return [] }
        return (reading.items[name] ?? []).enumerated().compactMap { index, item in
          guard let text = item[field]?.string, !words.contains(words.value(of: text)) else { return nil }
          return StructureViolation(
            .verification,
            "\(name)[\(index)].\(field): expected \(values.map { "\"\($0)\"" }.listed("or")), found \"\(text)\"",
            reason: "\(field.lowercased()) neither \(values.listed("nor"))")
        }
      }
    }
  }

  private func counts(
    _ reading: StructureReading, _ range: (Structure.List) -> ClosedRange<Int>?
  ) -> [(StructureRule) -> StructureViolation] {
    form.lists.compactMap { name, list in
      let found = reading.items[name]?.count ?? 0
      guard let range = range(list), !range.contains(found) else { return nil }
      return {
        StructureViolation(
          $0, "\(name): expected \(range.lowerBound) to \(range.upperBound) items, found \(found)",
          reason: "number of \(list.many ?? name)")
      }
    }
  }

  private func tooShortOrLong(_ reading: StructureReading) -> [StructureViolation] {
    texts(reading).compactMap { place, text in
      lengths.contains(text.count)
        ? nil
        : StructureViolation(
          .lengths,
          "\(place): expected \(lengths.lowerBound) to \(lengths.upperBound) characters, found \(text.count)")
    }
  }

  /// Texts whose words are not where they are copied from: `grounding` looks at those of several columns, `occurrence`
  /// at those of one.
  private func absent(
    _ reading: StructureReading, _ candidate: StructureCandidate, _ rule: StructureRule
  ) -> [StructureViolation] {
    form.lists.flatMap { name, list in
      grounded(list).flatMap { field -> [StructureViolation] in
        let columns = field.groundedIn
        guard (columns.count > 1) == (rule == .grounding) else { return [] }
        let share = field.share ?? (rule == .grounding ? grounding : occurrence)
        // One text, so that evidence put together from the question and the rationale's first words is found too.
        let source = WordList(content: columns.compactMap { candidate.texts[$0] }.joined(separator: "\n"))
        let what = field.name?.lowercased() ?? list.one ?? "item"
        let reason =
          rule == .grounding
          ? "\(what) not grounded" : "\(what) not in \(form.structure.called(columns, "or"))"
        return texts(reading.items[name] ?? [], of: field, at: name).compactMap { place, text in
          isFound(text, in: source, share)
            ? nil
            : StructureViolation(
              rule,
              "\(place): expected words of \(form.structure.called(columns, "or")), found \"\(text.prefix(200))\"",
              reason: reason)
        }
      }
    }
  }

  /// The fields that are grounded, and the items of a list of texts where ``listGrounding`` says so.
  private func grounded(_ list: Structure.List) -> [Structure.List.TextField] {
    guard let listGrounding, list.fields == nil, list.groundedIn == nil else { return list.groundedFields }
    return [.init(name: nil, groundedIn: form.structure.shown(for: list), share: listGrounding)]
  }

  /// Items of which a field is answered with the words of what was given.
  private func circles(_ reading: StructureReading) -> [StructureViolation] {
    form.lists.flatMap { name, list -> [StructureViolation] in
      let pairs = form.structure.answers(in: name, list)
      return (reading.items[name] ?? []).enumerated().flatMap { index, item in
        pairs.compactMap { given, answer -> StructureViolation? in
          guard let said = item[given]?.string, let found = item[answer]?.string,
            OwnWords.says(found, only: said)
          else { return nil }
          let (given, reasoned) = (given.lowercased(), answer.lowercased())
          return StructureViolation(
            .circle,
            "\(name)[\(index)].\(answer): expected more than the \(given), found \"\(found.prefix(200))\"",
            reason: "\(reasoned) is its own \(given)")
        }
      }
    }
  }

  /// - Parameter share: 0 turns the rule off.
  private func isFound(_ text: String, in source: WordList, _ share: Double) -> Bool {
    let words = WordList(content: text)
    return share == 0 || words.overlap(with: source) >= share && words.signsMissing(in: source).isEmpty
  }

  /// A statement may come twice with other evidence: a rationale can reach it by two ways.
  private func duplicates(_ reading: StructureReading) -> [StructureViolation] {
    form.lists.flatMap { name, list -> [StructureViolation] in
      guard list.unique ?? (list.fields != nil) else { return [] }
      let fields = list.textFields
      var first: [[WordList]: Int] = [:]
      return (reading.items[name] ?? []).enumerated().compactMap { index, item in
        let texts = fields.isEmpty ? [item.text] : fields.map { $0.text(of: item) ?? "" }
        let identity = texts.map { WordList(content: $0) }
        guard let earlier = first[identity] else {
          first[identity] = index
          return nil
        }
        let one = list.one ?? "item"
        return StructureViolation(
          .duplicates, "\(name)[\(index)]: expected another \(one), found \(name)[\(earlier)] again",
          reason: "duplicate \(one)")
      }
    }
  }

  private func leaks(_ reading: StructureReading, _ candidate: StructureCandidate) -> [StructureViolation] {
    guard !candidate.demonstrations.isEmpty else { return [] }
    let shown = form.shown
    let own = shown.reduce(into: Set<ArraySlice<Substring>>()) {
      $0.formUnion(WordList(candidate.texts[$1] ?? "").runs(of: leakWords))
    }
    let foreign = candidate.demonstrations.reduce(into: Set<ArraySlice<Substring>>()) {
      $0.formUnion(WordList($1).runs(of: leakWords))
    }
    let this = shown.first.map(form.structure.called) ?? "row"
    return texts(reading).compactMap { place, text in
      WordList(text).runs(of: leakWords).contains { foreign.contains($0) && !own.contains($0) }
        ? StructureViolation(.leak, "\(place): expected text of this \(this), found text of a demonstration")
        : nil
    }
  }

  private func disagreement(_ candidate: StructureCandidate) -> [StructureViolation] {
    guard let asked = form.structure.answer, let answer = candidate.answer else { return [] }
    let text = candidate.texts[asked.statedIn] ?? ""
    let options =
      StatedAnswer.options(in: candidate.texts[asked.optionsIn] ?? "") ?? StatedAnswer.usualOptions
    // A rationale is only searched for a letter, which says nothing about an answer that is none.
    let letter = StatedAnswer.option(answer).flatMap {
      StatedAnswer.letter(in: text, options: max(options, StatedAnswer.number(of: $0)))
    }
    guard let stated = candidate.finalAnswer ?? letter,
      StatedAnswer.agrees(stated: stated, with: answer, options: options) == false
    else { return [] }
    return [
      StructureViolation(
        .answer, "\(asked.statedIn): expected the answer \"\(answer)\", found \"\(stated.prefix(80))\"",
        reason: "\(form.structure.called(asked.statedIn)) contradicts the answer")
    ]
  }

  // MARK: - Texts

  /// Every free text with its place: item by item, field by field.
  private func texts(_ reading: StructureReading) -> [(place: String, text: String)] {
    form.lists.flatMap { name, list in
      let fields = list.textFields
      return (reading.items[name] ?? []).enumerated().flatMap { index, item in
        fields.compactMap { field in field.text(of: item).map { (field.place(in: "\(name)[\(index)]"), $0) } }
      }
    }
  }

  private func texts(
    _ items: [JSON], of field: Structure.List.TextField, at list: String
  ) -> [(place: String, text: String)] {
    items.enumerated().compactMap { index, item in
      field.text(of: item).map { (field.place(in: "\(list)[\(index)]"), $0) }
    }
  }
}

extension Structure.List.TextField {
  fileprivate func text(of item: JSON) -> String? {
    guard let name else { return item.string }
    return item[name]?.string ?? item[name]?.number.map { Int64(exactly: $0).map(String.init) ?? "\($0)" }
  }
  fileprivate func place(in item: String) -> String { name.map { "\(item).\($0)" } ?? item }
}

extension Structure {
  /// The text fields of a list that some act gives, each with one that the act is given.
  func answers(in name: String, _ list: List) -> [(given: String, answer: String)] {
    let texts = Set(list.textFields.compactMap(\.name))
    return (acts?.values ?? [:]).values.filter { $0.each == name }.flatMap { act in
      (act.gives ?? []).filter(texts.contains).flatMap { answer in
        (act.given ?? []).filter(texts.contains).map { (given: $0, answer: answer) }
      }
    }
  }
}
