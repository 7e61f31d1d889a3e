internal import OrderedCollections
internal import RetortCore

/// The three records that a trajectory is written as.
extension Trajectory {
  /// OpenAI's: calls and results are turns of their own. No turn without a call has the key `tool_calls`.
  ///
  /// - Parameter style: of a set whose conversations may show images.
  func openAI(objects: Bool, style: ImageStyle? = nil) -> JSON {
    var messages = messages(objects: objects)
    // A text, since the schemas of two tools are no one type.
    let schemas = JSON.string(JSON.array(tools).text)
    switch style {
    case nil: return ["messages": .array(messages), "tools": schemas]
    case .marks:
      return ["messages": .array(messages), "images": ExportedImages.paths(images), "tools": schemas]
    case .parts:
      var shown = ExportedImages(images)
      messages = messages.flatMap { Self.apart($0) }.map { shown.turn($0) }
      return ["messages": .array(messages), "images": .null, "tools": schemas]
    }
  }

  func messages(objects: Bool) -> [JSON] {
    turns.flatMap { turn -> [JSON] in
      switch turn {
      case .system(let text): [TrainingTurns.turn("system", text)]
      case .user(let text): [TrainingTurns.turn("user", text)]
      case .assistant(let text, let calls):
        calls.isEmpty
          ? [TrainingTurns.assistant(text)]
          : [
            [
              "role": "assistant", "content": .string(text),
              "tool_calls": .array(calls.map { $0.openAI(objects) }),
            ]
          ]
      case .results(let results):
        results.map { call, text in
          [
            "role": "tool", "tool_call_id": .string(call.id), "name": .string(call.name),
            "content": .string(text),
          ]
        }
      }
    }
  }

  /// A result's images as the user's turn after it: templates of models render parts there.
  private static func apart(_ turn: JSON) -> [JSON] {
    guard turn["role"] == "tool", var fields = turn.object, let text = fields["content"]?.string else {
      return [turn]
    }
    let texts = text.components(marked: ImageColumns.mark)
    guard texts.count > 1 else { return [turn] }
    fields["content"] = .string(texts.joined().trimmed)
    let marks = String(repeating: ImageColumns.mark, count: texts.count - 1)
    return [.object(fields), TrainingTurns.turn("user", marks)]
  }

  /// LLaMA-Factory's: a turn of its own for calls, and one for all of their results.
  func shareGPT(style: ImageStyle? = nil) -> JSON {
    var system = ""
    var list: [JSON] = []
    func add(_ from: String, _ value: String) {
      list.append(["from": .string(from), "value": .string(value)])
    }
    for turn in turns {
      switch turn {
      case .system(let text): system = text
      case .user(let text): add("human", text)
      case .assistant(let text, let calls):
        calls.isEmpty ? add("gpt", text) : add("function_call", Self.called(text, calls))
      case .results(let results): add("observation", results.map(\.text).joined(separator: "\n"))
      }
    }
    let functions = tools.map { $0["function"] ?? $0 }
    var record: JSON.Object = [
      "conversations": .array(list), "system": .string(system),
      "tools": .string(functions.isEmpty ? "" : JSON.array(functions).text),
    ]
    if style != nil { record["images"] = ExportedImages.paths(images) }
    return .object(record)
  }

  /// JSON after thoughts, or tags after another text: what LLaMA-Factory takes apart. It knows thoughts in these marks and
  /// lines alone (`thought_words`), and fails on the whole set where they stand otherwise.
  private static func called(_ text: String, _ calls: [Call]) -> String {
    let parts = Thoughts(in: text)
    guard parts.answer.isBlank else { return ([text] + calls.map(\.tagged)).joined(separator: "\n") }
    let json = calls.count == 1 ? calls[0].json.text : JSON.array(calls.map(\.json)).text
    return (parts.text.isEmpty ? "" : "<think>\n\(parts.text)\n</think>\n\n") + json
  }

  /// Calls as tags in the text, results as turns of the user: every trainer reads it, and no template of a model.
  ///
  /// - Parameter style: of a set whose conversations may show images.
  func tags(style: ImageStyle? = nil) -> JSON {
    switch style {
    case nil: return ["messages": .array(tagged)]
    case .marks: return ["messages": .array(tagged), "images": ExportedImages.paths(images)]
    case .parts:
      var shown = ExportedImages(images)
      return ["messages": .array(tagged.map { shown.turn($0) }), "images": .null]
    }
  }

  /// The same for verl, which takes an object for each image.
  var tagsOfVerl: JSON {
    let files = images.map { image -> JSON in ["image": .string(ExportedImages.path(image))] }
    return ["messages": .array(tagged), "images": .array(files)]
  }

  private var tagged: [JSON] {
    var messages: [JSON] = []
    if !tools.isEmpty, !isTold { messages.append(TrainingTurns.turn("system", instructions)) }
    for turn in turns {
      switch turn {
      case .system(let text):
        messages = [
          TrainingTurns.turn("system", tools.isEmpty || isTold ? text : "\(text)\n\n\(instructions)")
        ]
      case .user(let text): messages.append(TrainingTurns.turn("user", text))
      case .assistant(let text, let calls):
        let parts = (text.isBlank ? [] : [text.trimmed]) + calls.map(\.tagged)
        messages.append(TrainingTurns.assistant(parts.joined(separator: "\n")))
      case .results(let results):
        let parts = results.map { "<tool_response>\n\($0.text)\n</tool_response>" }
        messages.append(TrainingTurns.turn("user", parts.joined(separator: "\n")))
      }
    }
    return messages
  }

  /// Whether the system turn says how tools are called, as protocols have it whose calls are text.
  private var isTold: Bool {
    guard case .system(let text)? = turns.first else { return false }
    let names = tools.compactMap { ($0["function"] ?? $0)["name"]?.string }
    return text.contains("<tool_call>") || names.allSatisfy { text.contains("<\($0)>") }
  }

  private var instructions: String { ToolWords.tagged(tools.map { ($0["function"] ?? $0).text }) }
}

extension Trajectory.Call {
  fileprivate var json: JSON {
    ["name": .string(name), "arguments": object.map(JSON.object) ?? .string(arguments)]
  }

  fileprivate var tagged: String { "<tool_call>\n\(json.text)\n</tool_call>" }

  fileprivate func openAI(_ objects: Bool) -> JSON {
    let arguments: JSON = objects ? object.map(JSON.object) ?? [:] : .string(arguments)
    return [
      "id": .string(id), "type": "function", "function": ["name": .string(name), "arguments": arguments],
    ]
  }
}
