/// What a model is told of tools where calls are tags in its text: the same in a rollout and in what is learnt of one.
enum ToolWords {
  /// - Parameters:
  ///   - schemas: of the tools, JSON, a line each.
  ///   - call, result: the names of the tags.
  static func tagged(_ schemas: [String], call: String = "tool_call", result: String = "tool_response")
    -> String
  {
    """
    You may call tools. Each is described by a JSON Schema:
    <tools>
    \(schemas.joined(separator: "\n"))
    </tools>
    To call one, write a JSON object with its name and arguments between tags, and stop:
    <\(call)>
    {"name": "…", "arguments": {…}}
    </\(call)>
    The result comes between <\(result)> and </\(result)>.
    """
  }
}
