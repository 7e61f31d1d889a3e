internal import OrderedCollections
internal import RetortCore

/// Stages that show the prompt of another one (`prompt_from:`): which one that may be, and which prompts are lost without.
extension PipelineReader {
  /// Gives a stage the prompt of the one that it names; false where that cannot be done.
  func connectPrompt(
    of draft: inout StageDraft, with drafts: OrderedDictionary<String, StageDraft>
  ) -> Bool {
    guard let (name, place) = draft.promptSource, let configured = draft.configured else { return false }
    guard let source = drafts[name] else {
      draft.report(
        place, "expected a stage of this file, found '\(name)'\(NearestWord.hint(name, in: drafts.keys))")
      return false
    }
    guard let entry = source.entry else { return false }
    // No kind that shows a prompt has one to show. Another source that is not bound has mistakes of its own.
    guard source.bound != nil || source.promptSource != nil else { return false }
    guard let configuredSource = source.configured, let bound = source.bound, bound.prompt != nil else {
      let others = drafts.values.filter { $0.bound?.prompt != nil }.map(\.written.name)
      let choice = others.isEmpty ? "this file has none" : others.joined(separator: ", ")
      draft.report(
        place,
        "expected a stage that asks a model with a prompt of its own (\(choice)), found '\(name)', which uses "
          + "'\(entry.name)'")
      return false
    }
    draft.configured = configured.showing(configuredSource, bound: bound)
    for (role, value) in source.written.node["using"]?.entries ?? [:] {
      if let set = value.node.string, drafts[set] != nil { draft.promptSets[PromptSource.role(role)] = set }
    }
    return true
  }
}

extension PipelineGraph {
  /// Every row must descend from the stage whose prompt is shown, and still have what that prompt was made of.
  mutating func checkPromptSource(_ draft: StageDraft) {
    guard let (name, place) = draft.promptSource, let source = drafts[name],
      let prompt = source.bound?.prompt,
      draft.written.fields?.from != nil
    else { return }
    let inputs = froms(draft.written.name)
    guard name != draft.written.name, inputs.allSatisfy({ descends($0, from: name) }) else {
      let choice = drafts.values.filter { other in
        let stage = other.written.name
        return other.bound?.prompt != nil && stage != draft.written.name && !inputs.isEmpty
          && inputs.allSatisfy { descends($0, from: stage) }
      }.map(\.written.name)
      let words = choice.isEmpty ? "there is none" : choice.joined(separator: ", ")
      report(
        place,
        "expected a stage with a prompt that all rows of '\(draft.written.name)' descend from (\(words)), found "
          + "'\(name)'")
      return
    }
    checkKept(prompt, of: source, in: draft, at: place)
  }

  /// Whether all rows of a stage descend from `ancestor`, on every path.
  private func descends(_ name: String, from ancestor: String) -> Bool {
    var known: [String: Bool] = [:]
    func visit(_ name: String) -> Bool {
      if name == ancestor { return true }
      if let known = known[name] { return known }
      // What a stage of a cycle asks of itself.
      known[name] = false
      let inputs = froms(name)
      let all = !inputs.isEmpty && inputs.allSatisfy(visit)
      known[name] = all
      return all
    }
    return visit(name)
  }

  private mutating func checkKept(
    _ prompt: RenderedPrompt, of source: StageDraft, in draft: StageDraft, at place: FilePosition
  ) {
    let names = prompt.reads.map(\.name)
    let before = froms(source.written.name).compactMap { outputs[$0] }
    let between = stages(from: source.written.name, to: draft.written.name)
    for name in names {
      if let stage = between.first(where: { replaces(name, $0) }) {
        report(
          place,
          "expected the columns that the prompt of '\(source.written.name)' is made of as they were when it asked, found "
            + "'\(name)', which '\(stage.written.name)' replaces; let that write another column, by 'as:'")
      } else if before.contains(where: { $0.possible.contains(name) }) {
        for input in froms(draft.written.name) {
          guard let rows = outputs[input], !rows.isOpen, !rows.possible.contains(name),
            !(draft.bound?.reads.contains { $0.name == name && $0.required } ?? false)
          else { continue }
          report(
            place,
            "expected rows with all that the prompt of '\(source.written.name)' is made of, found those of '\(input)' "
              + "without '\(name)'")
        }
      }
    }
  }

  /// The stages that rows pass from one to another, the first included and the last not.
  private func stages(from first: String, to last: String) -> [StageDraft] {
    let before = ancestors(last)
    return drafts.values.filter { draft in
      let name = draft.written.name
      return before.contains(name) && (name == first || ancestors(name).contains(first))
    }
  }

  private func replaces(_ column: String, _ draft: StageDraft) -> Bool {
    guard let entry = draft.entry, !entry.makesRows else { return false }
    if draft.bound?.passed.replaces(column) == true { return true }
    guard draft.written.fields?.replace == true else { return false }
    let renames = draft.written.fields?.renames ?? [:]
    let inputs = froms(draft.written.name).compactMap { outputs[$0] }
    return (draft.bound?.adds ?? []).contains { (renames[$0] ?? $0) == column }
      && inputs.contains { $0.isOpen || $0.possible.contains(column) }
  }

  // MARK: Lost prompts

  /// A warning for each stage that shows prompts of which a part is lost: the stage that asked says more than it does.
  func lostPrompts() -> [Diagnostic] {
    drafts.values.compactMap { draft in
      guard let own = draft.bound?.ownPrompt, draft.promptSource == nil, !givesPrompt(draft),
        let source = asked(draft), let prompt = source.bound?.prompt, !showsConversation(draft, of: source)
      else { return nil }
      let lost = PromptPart.allCases.filter { prompt.parts.contains($0) && !own.contains($0) }
      guard !lost.isEmpty else { return nil }
      let name = source.written.name
      let hand = own.isEmpty ? "" : " in place of its own keys"
      return Diagnostic(
        draft.written.keyPlace,
        "'\(draft.written.name)' shows the prompt without \(lost.map(\.rawValue).joined(separator: " and ")) that "
          + "'\(name)' asked with; say '\(PromptSource.key): \(name)' under 'with:'\(hand)")
    }
  }

  /// A conversation has all its turns, those that asked included.
  private func showsConversation(_ draft: StageDraft, of source: StageDraft) -> Bool {
    source.bound?.adds?.contains(Self.conversation) == true
      && draft.bound?.reads.contains { $0.name == Self.conversation } == true
  }

  private static let conversation = "messages"

  /// Rows may have brought their prompt with them.
  private func givesPrompt(_ draft: StageDraft) -> Bool {
    let names = ancestors(draft.written.name)
    return names.contains { outputs[$0]?.possible.contains("prompt") ?? false }
  }

  /// The stage whose replies the rows are about: the nearest that wrote a text that is judged, else the nearest with a
  /// prompt. Nil where the rows do not all descend from it.
  private func asked(_ draft: StageDraft) -> StageDraft? {
    var open = froms(draft.written.name)
    var seen: Set<String> = []
    var found: [StageDraft] = []
    while !open.isEmpty {
      let name = open.removeFirst()
      guard seen.insert(name).inserted, let stage = drafts[name] else { continue }
      if stage.bound?.prompt != nil { found.append(stage) }
      open += froms(name)
    }
    found = found.filter { stage in
      froms(draft.written.name).allSatisfy { descends($0, from: stage.written.name) }
    }
    return found.first { writesJudged($0) } ?? found.first
  }

  private func writesJudged(_ draft: StageDraft) -> Bool {
    let renames = draft.written.fields?.renames ?? [:]
    return (draft.bound?.adds ?? []).contains { SharedColumns.judged.contains(renames[$0] ?? $0) }
  }
}
