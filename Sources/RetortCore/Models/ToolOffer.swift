internal import OrderedCollections

/// What a model is told of a tool.
package struct ToolOffer: Hashable, Sendable {
  package let name: String
  package let description: String
  /// The JSON Schema of its arguments, an object.
  package let parameters: JSON

  package init(name: String, description: String, parameters: JSON) {
    self.name = name
    self.description = description
    self.parameters = parameters
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
