internal import OrderedCollections

/// What a model is told of a tool.
package struct ToolOffer: Hashable, Sendable {
  package let name: String
  package let description: String
  /// The JSON Schema of its arguments, an object.
  package let parameters: JSON
  /// Whether it is what a model will be told. A server says it when it is first asked; until then a name stands for it.
  package var isKnown = true

  package init(name: String, description: String, parameters: JSON) {
    self.name = name
    self.description = description
    self.parameters = parameters
  }

  /// Stands for a tool of a server that was not asked yet.
  init(unknown name: String) {
    self.init(name: name, description: "", parameters: ["type": "object"])
    isKnown = false
  }

  /// Reads ``json``. Errors: ``StageError``.
  init(_ json: JSON) throws {
    guard let function = json["function"], let name = function["name"]?.string else {
      throw StageError("expected a tool's schema, found \(json.text.prefix(100))")
    }
    self.init(
      name: name, description: function["description"]?.string ?? "",
      parameters: function["parameters"] ?? ["type": "object"])
  }

  /// As requests and trainers have it.
  package var json: JSON {
    [
      "type": "function",
      "function": [
        "name": .string(name), "description": .string(description), "parameters": parameters,
      ],
    ]
  }
}

/// A call as a model wrote it.
package struct AskedTool: Hashable, Sendable {
  /// What the result refers to, where the wire has it.
  package var id: String
  package var name: String
  /// As the model wrote them: JSON, if all is well.
  package var arguments: String

  package init(id: String = "", name: String, arguments: String) {
    self.id = id
    self.name = name
    self.arguments = arguments
  }
}
