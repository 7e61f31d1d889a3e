internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// How the stages of a file hang together: who takes whose rows, and which columns those have.
struct PipelineGraph {
  let drafts: OrderedDictionary<String, StageDraft>
  /// The pipeline file.
  let file: URL
  private(set) var mistakes: [Diagnostic] = []
  private(set) var warnings: [Diagnostic] = []
  /// Names of no stage that were found so far, and for how many a near one is looked for.
  private var unknown = 0
  private static let hinted = 50
  private(set) var outputs: [String: Output] = [:]

  /// The columns of a stage's output rows.
  struct Output {
    /// On every row; more may be there when `isOpen`.
    var certain: OrderedSet<String> = []
    /// On some rows.
    var possible: OrderedSet<String> = []
    /// Whether only a run can tell all columns.
    var isOpen = false
    /// Whether some rows may have others, of which the file does not say.
    var hasMore = false
    /// What columns hold, where a stage's type tells.
    var shapes: [String: ConfigShape.Value] = [:]
  }

  init(drafts: OrderedDictionary<String, StageDraft>, file: URL) {
    self.drafts = drafts
    self.file = file
  }

  mutating func check() {
    for draft in drafts.values {
      checkFrom(draft)
      checkUsing(draft)
    }
    checkCycles()
    for draft in drafts.values { checkPer(draft) }
    for name in drafts.keys { _ = output(of: name) }
    for draft in drafts.values { checkPromptSource(draft) }
    for draft in drafts.values { checkCorpora(draft) }
    checkExports()
  }

  /// The stages, once ``check()`` found no mistake.
  func stages() -> [PipelineStage] {
    drafts.values.compactMap { draft in
      guard let entry = draft.entry, let configured = draft.configured, let fields = draft.written.fields
      else { return nil }
      let using = draft.written.node["using"]?.entries ?? [:]
      let output = outputs[draft.written.name]
      return PipelineStage(
        name: draft.written.name, entry: entry, from: sorted(fields.from?.names ?? []),
        using: using.compactMapValues(\.node.string).merging(draft.promptSets) { own, _ in own }
          .merging(draft.toolSets) { own, _ in own }.merging(draft.modelSets) { own, _ in own },
        per: fields.per,
        onFailure: fields.onFailure ?? .fail, renames: fields.renames ?? [:],
        replace: fields.replace ?? false, configured: configured,
        columns: output.flatMap { $0.isOpen ? nil : Array($0.certain) }, passed: draft.bound?.passed ?? .all,
        models: draft.models, tools: draft.tools.map(\.spec), files: draft.files,
        round: draft.written.made?.place,
        unites: draft.written.unites)
    }
  }

  /// In file order, as a union is.
  private func sorted(_ names: [String]) -> [String] { drafts.keys.filter(names.contains) }

  mutating func report(_ place: FilePosition, _ message: String) {
    mistakes.append(Diagnostic(place, message))
  }

  func froms(_ name: String) -> [String] {
    (drafts[name]?.written.fields?.from?.names ?? []).filter { drafts[$0] != nil }
  }

  private func sets(_ name: String) -> [String] {
    let using = drafts[name]?.written.node["using"]?.entries ?? [:]
    let corpora =
      (drafts[name]?.toolSets.values.elements ?? []) + (drafts[name]?.modelSets.values.elements ?? [])
    return (using.values.compactMap(\.node.string) + corpora).filter { drafts[$0] != nil }
  }
}

// MARK: - Names

extension PipelineGraph {
  private mutating func checkFrom(_ draft: StageDraft) {
    let stage = draft.written
    guard let fields = stage.fields else { return }
    var places: [String: FilePosition] = [:]
    for node in stage.node["from"]?.list ?? [] {
      if let name = node.string, places[name] == nil { places[name] = node.place }
    }
    var seen: Set<String> = []
    for name in fields.from?.names ?? [] where !name.isEmpty {
      let place = places[name] ?? stage.place(of: name, in: "from")
      checkStage(name, at: place)
      if !seen.insert(name).inserted { report(place, "expected each stage once, found '\(name)' twice") }
    }
    guard let entry = draft.entry else { return }
    if entry.isReader {
      if fields.from != nil {
        report(stage.place(in: "from"), "expected no 'from:', since '\(entry.name)' takes no rows, found one")
      }
    } else if fields.from == nil || draft.written.node["from"]?.list?.isEmpty == true {
      report(
        stage.keyPlace, "expected the key 'from', the stage whose rows '\(stage.name)' takes, found none")
    }
  }

  private mutating func checkUsing(_ draft: StageDraft) {
    // What rounds are made of has roles of its own.
    guard let entry = draft.entry, draft.written.fields != nil, draft.written.made?.entry == nil else {
      return
    }
    let roles = entry.sets.map(\.name)
    let using = draft.written.node["using"]?.entries ?? [:]
    for (role, value) in using {
      if !roles.contains(role) {
        let choice =
          roles.isEmpty ? "no key here, since '\(entry.name)' takes no sets" : "one of \(quoted(roles))"
        report(value.keyPlace, "expected \(choice), found '\(role)'\(NearestWord.hint(role, in: roles))")
      }
      if let name = value.node.string { checkStage(name, at: value.node.place) }
    }
    for role in entry.sets where role.required && using[role.name] == nil {
      report(
        draft.written.place(in: "using"),
        "expected the key '\(role.name)' under 'using:' (\(role.help)), found none")
    }
  }

  private mutating func checkStage(_ name: String, at place: FilePosition) {
    guard drafts[name] == nil else { return }
    unknown += 1
    let words = OrderedSet(drafts.values.map { $0.written.made?.place.label ?? $0.written.name })
    if words.contains(name) {
      return report(
        place,
        "expected one stage, found '\(name)', the union of its rounds; that can stand under 'from:' alone: let a stage "
          + "outside of the rounds take it, and name that")
    }
    if let inner = words.first(where: { $0.hasSuffix(".\(name)") }) {
      return report(
        place,
        "expected a stage of this file, found '\(name)', which is inside rounds (did you mean '\(inner)'?)")
    }
    // Whoever names so many that are not there has not mistyped them, and comparing all with all costs their square.
    let hint = unknown > Self.hinted ? "" : NearestWord.hint(name, in: words)
    report(place, "expected a stage of this file, found '\(name)'\(hint)")
  }

  private mutating func checkPer(_ draft: StageDraft) {
    let stage = draft.written
    guard let per = stage.fields?.per, !per.isEmpty else { return }
    let place = stage.place(of: per, in: "per")
    if let entry = draft.entry, !entry.isSet {
      report(place, "expected no 'per:', since '\(entry.name)' takes one row at a time, found one")
    } else if drafts[per] == nil {
      checkStage(per, at: place)
    } else if !froms(stage.name).allSatisfy({ $0 == per || ancestors($0).contains(per) }) {
      let choice = sorted(Array(ancestors(stage.name)))
      report(
        place,
        "expected a stage that all its rows descend from (\(choice.joined(separator: ", "))), found '\(per)'")
    } else if let between = reordering(above: stage.name, since: per) {
      report(
        place,
        "expected groups that are still together, found '\(between)' on the way, which puts the rows of all groups of "
          + "'\(per)' into one order; write 'per: \(per)' there too, or group by '\(between)'")
    }
  }

  func ancestors(_ name: String) -> Set<String> {
    var found: Set<String> = []
    var open = froms(name)
    while let next = open.popLast() {
      if found.insert(next).inserted { open += froms(next) }
    }
    return found
  }

  /// Reports each cycle once, at its first stage in file order.
  private mutating func checkCycles() {
    var done: Set<String> = []
    func visit(_ name: String, _ trail: [String]) -> [String]? {
      if let start = trail.firstIndex(of: name) { return Array(trail[start...]) }
      guard !done.contains(name) else { return nil }
      defer { done.insert(name) }
      for next in froms(name) + sets(name) {
        if let cycle = visit(next, trail + [name]) { return cycle }
      }
      return nil
    }
    for name in drafts.keys {
      guard let cycle = visit(name, []), let first = drafts.keys.first(where: cycle.contains),
        let turn = cycle.firstIndex(of: first), let draft = drafts[first]
      else { continue }
      let path = cycle[turn...] + cycle[..<turn] + [first]
      report(
        draft.written.keyPlace,
        "expected stages without a cycle, found \(path.joined(separator: " takes "))")
    }
  }

  private func quoted(_ words: some Sequence<String>) -> String {
    words.map { "'\($0)'" }.joined(separator: ", ")
  }
}

// MARK: - Columns

extension PipelineGraph {
  private mutating func output(of name: String) -> Output {
    if let known = outputs[name] { return known }
    guard let draft = drafts[name] else { return Output(isOpen: true) }
    // What a stage of a cycle asks of itself.
    outputs[name] = Output(isOpen: true)
    let inputs = froms(name).map { ($0, output(of: $0)) }
    let sets = draft.written.node["using"]?.entries ?? [:]
    let roles = sets.compactMapValues { $0.node.string }.mapValues { ($0, output(of: $0)) }
    guard let entry = draft.entry, let bound = draft.bound else { return Output(isOpen: true) }
    let filled = (bound.adds ?? []).filter(bound.passed.changed.contains).map { ColumnUse(sectionOn: $0) }
    for use in bound.reads + filled.filter({ isSlip($0, of: inputs) }) where use.isNamed {
      // What begins a section alone, some row must be able to have.
      let isOffered =
        !use.required
        && inputs.contains { $0.1.isOpen || $0.1.hasMore || $0.1.possible.contains(use.name) }
      for (input, columns) in isOffered ? [] : inputs
      where !use.others.contains(where: columns.possible.contains) {
        require(use.name, or: use.others, of: columns, from: input, draft, in: "with")
      }
    }
    for use in bound.reads { checkSection(use, of: inputs, draft) }
    warnings += (bound.reads + filled).compactMap { nearMiss($0, of: inputs, draft) }
    for role in bound.sets {
      guard let (input, columns) = roles[role.name] else { continue }
      for column in role.columns { require(column, of: columns, from: input, draft, in: "using") }
    }
    let result = joined(inputs.map(\.1), draft, entry, bound)
    outputs[name] = result
    return result
  }

  private mutating func require(
    _ column: String, or others: [String] = [], of columns: Output, from input: String, _ draft: StageDraft,
    in key: String
  ) {
    guard !columns.isOpen, !columns.certain.contains(column) else { return }
    let stage = draft.written
    var place = stage.place(of: column, in: key)
    for (file, prompt) in draft.prompts where key == "with" {
      guard let use = prompt.uses.first(where: { $0.name == column }) else { continue }
      place = FilePosition(file: file, line: use.line, column: use.column)
      break
    }
    for structure in draft.structures where key == "with" {
      place = structure["columns"]?.entries?[column]?.keyPlace ?? place
    }
    let has = columns.certain.isEmpty ? "none" : columns.certain.joined(separator: ", ")
    report(
      place,
      "expected a column of '\(input)' (\(has)), found '\(column)'"
        + (others.isEmpty ? "" : " (or \(quoted(others)))") + ", which '\(stage.name)' reads"
        + NearestWord.hint(column, in: columns.certain))
  }

  /// The columns of the inputs (all of them for a union's rows, or only some) and what the stage adds.
  private mutating func joined(
    _ inputs: [Output], _ draft: StageDraft, _ entry: StageEntry, _ bound: BoundStage
  ) -> Output {
    var result = Output()
    if !entry.makesRows, let first = inputs.first {
      result = first
      for input in inputs.dropFirst() {
        result.certain.formIntersection(input.certain)
        result.possible.formUnion(input.possible)
        result.isOpen = result.isOpen || input.isOpen
        result.hasMore = result.hasMore || input.hasMore
        result.shapes = result.shapes.filter { input.shapes[$0.key] == $0.value }
      }
      pass(&result, bound.passed, draft)
    }
    let renames = draft.written.node["as"]?.entries ?? [:]
    guard let adds = bound.adds else {
      result.isOpen = true
      return result
    }
    for (column, value) in renames where !adds.contains(column) {
      report(
        value.keyPlace,
        "expected a column that '\(draft.written.name)' adds (\(adds.joined(separator: ", "))), "
          + "found '\(column)'\(NearestWord.hint(column, in: adds))")
    }
    result.hasMore = result.hasMore || bound.addsMore
    let shapes = bound.columnShapes()
    let replaces = draft.written.fields?.replace == true
    var written: Set<String> = []
    for column in adds {
      let name = renames[column]?.node.string ?? column
      let place = renames[column]?.node.place ?? draft.written.keyPlace
      if !written.insert(name).inserted {
        report(place, "expected another name, found '\(name)', which '\(draft.written.name)' adds already")
      } else if result.possible.contains(name), !replaces,
        renames[column] != nil || !bound.passed.changed.contains(column)
      {
        report(
          place,
          "expected a new column, found '\(name)', which the rows have already; "
            + "rename it with 'as:' or write 'replace: true'")
      }
      result.certain.append(name)
      result.shapes[name] = shapes[column]
    }
    result.possible.formUnion(result.certain)
    return result
  }
}
