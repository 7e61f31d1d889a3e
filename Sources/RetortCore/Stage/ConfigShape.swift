internal import OrderedCollections

/// The keys of a configuration type: what `retort stages` lists and the JSON Schema of pipeline files is made from.
package struct ConfigShape: Hashable, Sendable {
  /// What a key takes.
  package indirect enum Value: Hashable, Sendable {
    case any
    case string, integer, number, boolean
    /// The alias of a model of the file.
    case model
    /// The name of a tool of the file.
    case tool
    /// The name of a stage of the file.
    case stage
    /// The path of a text file, such as a prompt.
    case textFile
    /// The path of a data file.
    case dataFile
    /// The path of a data file, a path with wildcards, or a list of these.
    case dataFiles
    /// The path of a structure file.
    case structureFile
    /// One of some words.
    case choice([String])
    case list(Value)
    /// Any keys, each with such a value.
    case map(Value)
    case object(ConfigShape)
  }

  package struct Key: Hashable, Sendable {
    package let name: String
    package let value: Value
    package let required: Bool

    package init(name: String, value: Value, required: Bool) {
      self.name = name
      self.value = value
      self.required = required
    }
  }

  /// In the order the type asks for them.
  package let keys: [Key]

  package init(keys: [Key]) { self.keys = keys }

  package init(of type: any Decodable.Type) { self = ShapeProbe.shape(of: type) }

  package subscript(name: String) -> Key? { keys.first { $0.name == name } }
}

extension ConfigShape.Value: CustomStringConvertible {
  /// As a table shows it: `integer`, `list of string`, `choice (a, b)`.
  package var description: String {
    switch self {
    case .any: "any value"
    case .string: "string"
    case .integer: "integer"
    case .number: "number"
    case .boolean: "boolean"
    case .model: "model"
    case .tool: "tool"
    case .stage: "stage"
    case .textFile: "text file"
    case .dataFile: "data file"
    case .dataFiles: "data file, or list of data file"
    case .structureFile: "structure file"
    case .choice(let values): "choice (\(values.joined(separator: ", ")))"
    case .list(let element): "list of \(element)"
    case .map(let value): "object of \(value)"
    case .object(let shape): "object (\(shape.keys.map(\.name).joined(separator: ", ")))"
    }
  }

  /// The JSON Schema of the value. An object refuses other keys.
  package var schema: JSON {
    switch self {
    case .any: [:]
    case .string, .model, .tool, .stage, .textFile, .dataFile, .structureFile: ["type": "string"]
    case .dataFiles:
      ["anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"], "minItems": 1]]]
    case .integer: ["type": "integer"]
    case .number: ["type": "number"]
    case .boolean: ["type": "boolean"]
    case .choice(let values): ["enum": .array(values.map { .string($0) })]
    case .list(let element): ["type": "array", "items": element.schema]
    case .map(let value): ["type": "object", "additionalProperties": value.schema]
    case .object(let shape): shape.schema
    }
  }
}

extension ConfigShape {
  /// The JSON Schema of the configuration, without descriptions.
  package var schema: JSON {
    var fields: JSON.Object = ["type": "object", "additionalProperties": false]
    fields["properties"] = .object(.init(uniqueKeysWithValues: keys.map { ($0.name, $0.value.schema) }))
    let required = keys.filter(\.required).map { JSON.string($0.name) }
    if !required.isEmpty { fields["required"] = .array(required) }
    return .object(fields)
  }
}
