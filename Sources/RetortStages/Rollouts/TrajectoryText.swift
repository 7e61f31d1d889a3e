internal import OrderedCollections
internal import RetortCore

extension DeepEyes.Trajectory {
  /// A rollout as one text: the model's own turns and what came back, in order, with a marker where an image came back.
  ///
  /// - Parameters:
  ///   - turns: how many of the last assistant turns are the model's own; nil for all.
  ///   - searches: names of the tools that search.
  init(messages: [JSON], turns: Int?, searches: Set<String>) {
    var (text, hasSeen, hasSearched) = ("", false, false)
    for message in RolloutRecord.own(messages, turns: turns) {
      let isOwn = message["role"]?.string == "assistant"
      if isOwn { text += Self.thought(message) }
      for part in Self.parts(message["content"]) {
        guard let words = part["text"]?.string else {
          text += Self.imageStart + "<|vision_end|>"
          hasSeen = hasSeen || !isOwn
          continue
        }
        text += words
        hasSearched = hasSearched || isOwn && searches.contains { Self.calls($0, in: words) }
      }
      for call in message["tool_calls"]?.array ?? [] {
        text += "<tool_call>\(call["function"]?.text ?? call.text)</tool_call>"
        hasSearched = hasSearched || searches.contains(call["function"]?["name"]?.string ?? "")
      }
    }
    self.init(text: text, hasSeen: hasSeen, hasSearched: hasSearched)
  }

  /// A thought that the provider sends beside the text.
  private static func thought(_ message: JSON) -> String {
    let fields = [message["reasoning_content"], message["reasoning"]]
    guard let thought = fields.lazy.compactMap({ $0?.string }).first(where: { !$0.isEmpty }) else {
      return ""
    }
    return "<think>\(thought)</think>"
  }

  private static func parts(_ content: JSON?) -> [JSON] {
    content?.string.map { [["text": .string($0)]] } ?? content?.array ?? []
  }

  /// Whether a turn calls a tool in one of the forms that are text: its own tag, or its name in JSON.
  private static func calls(_ tool: String, in text: String) -> Bool {
    text.contains("<\(tool)>") || text.contains("\"name\": \"\(tool)\"")
      || text.contains("\"name\":\"\(tool)\"")
      || text.contains("\"tool\": \"\(tool)\"") || text.contains("\"tool\":\"\(tool)\"")
  }
}
