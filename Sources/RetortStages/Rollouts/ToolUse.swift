internal import OrderedCollections
package import RetortCore

/// A rollout as a file shows it before the question, in whatever form calls are written.
package struct ExampleRollout: Codable, Hashable, Sendable {
  package struct Turn: Codable, Hashable, Sendable {
    package var thought: String?
    package var tool: String
    package var arguments: Columns
    package var result: String
  }

  package var question: String
  package var turns: [Turn]
  package var answer: String
}

/// The keys of stages whose model may call tools, as ``Rollout`` takes them.
struct ToolUse: Sendable {
  static let help = [
    "tools":
      "Tools of the file that the model may call: one reply becomes a conversation, until the model answers. Default none.",
    "protocol": CallFormName.help,
    "tags": CallTags.help,
    "examples":
      "Rollouts shown before the question: each with question, turns (thought, tool, arguments, result) and answer.",
    "max_turns": "Most replies of a rollout, 1 to 100; default 8.",
    "max_context_tokens": "Most tokens of a conversation that another turn is asked for; default no bound.",
    "max_tool_tokens":
      "Most tokens of a result that the model is shown, four characters each; default no bound.",
    "on_limit": OnLimit.help,
  ]
  static let keys: Set<String> = Set(help.keys)
  /// What a row has of its rollout, but for the answer's column.
  static let defaultTurns = 8

  let form: any CallForm
  let toolbox: Toolbox
  let bounds: Rollout.Bounds
  let examples: [ExampleRollout]
  /// As its model says boxes.
  let spec: ModelSpec

  /// What a configuration says; nil where it names no tools.
  struct Keys {
    var tools: [ToolRef]?
    var form: CallFormName?
    var tags: [String: String]?
    var examples: [ExampleRollout]?
    var maxTurns: Int?
    var maxContextTokens: Int?
    var maxToolTokens: Int?
    var onLimit: OnLimit?

    private var othersSet: [String] {
      [
        ("protocol", form != nil), ("tags", tags != nil), ("examples", examples != nil),
        ("max_turns", maxTurns != nil), ("max_context_tokens", maxContextTokens != nil),
        ("max_tool_tokens", maxToolTokens != nil), ("on_limit", onLimit != nil),
      ].filter(\.1).map(\.0)
    }

    /// Errors: ``StageError``.
    func use(of model: ModelRef, in workspace: Workspace) throws -> ToolUse? {
      guard let tools else {
        if let key = othersSet.first {
          throw StageError("\(key): expected the key 'tools' with it, found none")
        }
        return nil
      }
      guard !tools.isEmpty else { throw StageError("tools: expected at least one tool, found none") }
      let toolbox = try workspace.toolbox(tools)
      let name = form ?? .native
      warn(name, model, workspace)
      var bounds = Rollout.Bounds()
      bounds.turns = try Self.number(maxTurns ?? ToolUse.defaultTurns, 1...100, "max_turns")
      bounds.context = try maxContextTokens.map { try Self.number($0, 1...100_000_000, "max_context_tokens") }
      bounds.result = try maxToolTokens.map { try Self.number($0, 1...100_000_000, "max_tool_tokens") }
      bounds.onLimit = onLimit ?? .keep
      let use = ToolUse(
        form: try name.form(toolbox.offers, tags ?? [:]), toolbox: toolbox, bounds: bounds,
        examples: examples ?? [], spec: model.spec)
      try use.checkExamples()
      return use
    }

    private static func number(_ value: Int, _ range: ClosedRange<Int>, _ key: String) throws -> Int {
      guard range.contains(value) else {
        throw StageError("\(key): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
      }
      return value
    }

    /// Some vocabularies have a tag as one token, which a model that was not trained on it never writes.
    private func warn(_ form: CallFormName, _ model: ModelRef, _ workspace: Workspace) {
      let tag = tags?["call"] ?? "tool_call"
      guard form == .tags, ["tool_call", "tools"].contains(tag),
        ["qwen", "hermes", "smollm"].contains(where: model.spec.name.lowercased().contains)
      else { return }
      workspace.say(
        "<\(tag)> is a token of its own in the vocabulary of '\(model.spec.name)'; where it calls nothing, name another "
          + "with 'tags: { call: … }'")
    }
  }

  private func checkExamples() throws {
    guard toolbox.offers.allSatisfy(\.isKnown) else { return }
    for (place, example) in examples.enumerated() {
      for turn in example.turns where !toolbox.offers.contains(where: { $0.name == turn.tool }) {
        let names = toolbox.offers.map(\.name)
        throw StageError(
          "examples: expected one of the stage's tools (\(names.joined(separator: ", "))), found '\(turn.tool)'"
            + NearestWord.hint(turn.tool, in: names), at: ["examples", "\(place)"])
      }
    }
  }

  /// What a prompt begins with: the system's words, with those on tools, and the demonstrations.
  func opening(_ prompt: [ChatMessage]) -> [ChatMessage] {
    var (system, rest) = (prompt.filter { $0.role == .system }, prompt.filter { $0.role != .system })
    if let instructions = form.instructions {
      let words = system.map(\.content) + [instructions]
      system = [.system(words.joined(separator: "\n\n"))]
    }
    rest = examples.enumerated().flatMap { turns(of: $1, numbered: $0) } + rest
    return system + rest
  }

  private func turns(of example: ExampleRollout, numbered number: Int) -> [ChatMessage] {
    var turns = [ChatMessage.user(example.question)]
    for (place, turn) in example.turns.enumerated() {
      let call = AskedTool(
        id: "example_\(number)_\(place)", name: turn.tool, arguments: JSON.object(turn.arguments.values).text)
      turns.append(form.calling(call, thought: turn.thought ?? ""))
      turns += form.results([(call, turn.result, [])])
    }
    return turns + [form.answering(example.answer)]
  }

  /// As a column has it.
  var offered: String { JSON.array(toolbox.offers.map(\.json)).text }

  /// Rollouts of a prompt, in the order of their draws; each row's own calls are noted for it.
  ///
  /// - Parameter images: the row's own, which the prompt shows.
  func play(
    _ count: Int, of prompt: [ChatMessage], showing images: [ImageReference] = [], sampling: Sampling,
    by model: any ChatModel,
    length: @escaping @Sendable (ChatReply) async throws -> Int
  ) async throws -> [Rollout.Played] {
    try await toolbox.check()
    let rollout = Rollout(
      model: model, form: form, toolbox: toolbox, bounds: bounds, images: images, spec: spec,
      length: length)
    let opening = opening(prompt)
    return try await withThrowingTaskGroup(of: (Int, Rollout.Played).self) { group in
      for draw in 0..<count {
        group.addTask {
          try await StepContext.$sample.withValue(draw) {
            (draw, try await rollout.play(opening, sampling: sampling, draw: draw))
          }
        }
      }
      var played: [Int: Rollout.Played] = [:]
      for try await (draw, one) in group { played[draw] = one }
      return (0..<count).compactMap { played[$0] }
    }
  }
}
