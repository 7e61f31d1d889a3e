internal import OrderedCollections
internal import RetortCore

/// LLaMA-Factory's `dataset_info.json`, which says what the keys of each file mean.
struct LlamaFactoryIndex {
  private var sets: JSON.Object = [:]

  /// - Parameters:
  ///   - columns: what LLaMA-Factory calls a key, and the key.
  ///   - ranking: whether each line has a chosen and a rejected answer.
  mutating func add(_ name: String, file: String, columns: JSON.Object, ranking: Bool = false) {
    // `formatting: openai` would add words of its own to every system turn; sharegpt with tags does not.
    var entry: JSON.Object = ["file_name": .string(file), "formatting": "sharegpt"]
    if ranking { entry["ranking"] = true }
    entry["columns"] = .object(columns)
    // Its own names of fields and roles need no tags.
    if columns["messages"] != "conversations" {
      entry["tags"] = [
        "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
        "system_tag": "system",
      ]
    }
    sets[name] = .object(entry)
  }

  var text: String { JSON.object(sets).text + "\n" }
}
