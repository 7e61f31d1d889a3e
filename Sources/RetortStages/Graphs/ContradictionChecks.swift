internal import OrderedCollections
internal import RetortCore

/// The five checks of a question against its facts and the corpus.
struct ContradictionChecks {
  enum Check: String, Hashable, Sendable, CaseIterable { case hallucination, leak, type, search, time }

  struct Found: Hashable, Sendable {
    let check: Check
    /// What was found, in words.
    let found: String

    var json: JSON { ["check": .string(check.rawValue), "found": .string(found)] }
  }

  let evidence: Evidence
  /// Other names of entities.
  let others: [String: [String]]
  let wording: QuestionWording
  /// Fewest documents that a question must need.
  let minDocuments: Int

  func found(in row: Columns) throws(BadRow) -> [Found] {
    let task = try SearchTask(row)
    guard let question = row["question"]?.string, !question.isBlank else {
      throw BadRow("no question", "expected a text in 'question', found \(row.found("question"))")
    }
    return madeUp(question, task) + leak(question, task) + type(question, task) + search(task) + time(task)
  }

  private func said(_ check: Check, _ found: String) -> Found {
    Found(check: check, found: found)
  }

  /// What no document states, and names and numbers that the task does not say.
  private func madeUp(_ question: String, _ task: SearchTask) -> [Found] {
    let unstated = task.parts.map(\.fact).filter { evidence.documents(stating: $0).isEmpty }
    let allowed = (task.named + task.parts.filter(\.isSaid).compactMap(\.fact.object.string)).map(
      WholeWords.spaced)
    let strange = evidence.entities(in: question).first { name in
      !task.unresolved.contains(name) && !allowed.contains { $0.contains(WholeWords.spaced(name)) }
    }
    return unstated.map { said(.hallucination, "no document states that \($0.words)") }
      + (strange.map { [said(.hallucination, "the question names \($0), the task does not")] } ?? [])
      + (StatedNumbers(task).unknown(in: question).map {
        [said(.hallucination, "the question says \($0), the task does not")]
      } ?? [])
  }

  private func leak(_ question: String, _ task: SearchTask) -> [Found] {
    HiddenNames(task, others: others).said(in: question).map { [said(.leak, "the question says \($0)")] }
      ?? []
  }

  /// Facts that make two things of the answer, and a question that asks for another thing.
  private func type(_ question: String, _ task: SearchTask) -> [Found] {
    var kinds: OrderedSet<String> = []
    var known: Set<String> = Set(World.Kind.allCases.map(\.rawValue))
    for part in task.parts where part.isSaid {
      guard let (subject, object) = wording.nouns(of: part.fact.relation) else { continue }
      known.formUnion([subject] + (object.map { [$0] } ?? []))
      if part.fact.subject == task.answer { kinds.append(subject) }
      if part.fact.object.string == task.answer, let object { kinds.append(object) }
    }
    if kinds.count > 1 {
      return [said(.type, "the facts make \(task.answer) \(kinds.joined(separator: " and "))")]
    }
    guard let kind = kinds.first, let asked = Self.asked(in: question, of: known), asked != kind else {
      return []
    }
    return [said(.type, "the question asks for a \(asked), \(task.answer) is a \(kind)")]
  }

  /// What the first word that asks asks for; nil where that is none of `nouns`.
  private static func asked(in question: String, of nouns: Set<String>) -> String? {
    let words = WholeWords.of(question)
    let asking: [Substring: String] = ["who": "person", "whom": "person", "where": "place"]
    guard let place = words.firstIndex(where: { asking[$0] != nil || $0 == "which" || $0 == "what" }) else {
      return nil
    }
    return asking[words[place]]
      ?? words[place...].dropFirst().prefix(4).lazy.map(String.init).first(where: nouns.contains)
  }

  /// One document that answers it all.
  private func search(_ task: SearchTask) -> [Found] {
    let cover = DocumentCover.least(
      statedBy: task.parts.map { Set($0.documents).union(evidence.documents(stating: $0.fact)) })
    guard let cover, cover.documents.count < minDocuments else { return [] }
    return [
      said(
        .search,
        "\(cover.documents.count) of \(minDocuments) documents suffice: \(cover.documents.joined(separator: ", "))"
      )
    ]
  }

  /// Facts that documents dispute.
  private func time(_ task: SearchTask) -> [Found] {
    task.parts.compactMap { part in
      evidence.dispute(of: part.fact).map {
        said(.time, "\(part.fact.words), and by \($0.document) \($0.object.string ?? $0.object.text)")
      }
    }
  }
}
