internal import OrderedCollections
package import RetortCore

/// The JSON Schema (draft 2020-12) of pipeline files, for editors: keys, words and required keys of every stage
/// kind. What needs the whole file (names, columns, cycles) only `retort check` can tell.
package enum PipelineSchema {
  package static func json(_ catalog: Catalog) -> JSON {
    let kinds = catalog.kinds.map(\.name)
    let stage: JSON = [
      "type": "object",
      "required": ["uses"],
      "additionalProperties": false,
      "properties": [
        "uses": described(["enum": .array(kinds.map { .string($0) })], "The stage kind."),
        "from": described(
          ["anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"], "minItems": 1]]],
          "The stage whose rows it takes; a list is a union in file order."),
        "using": described(
          ["type": "object", "additionalProperties": ["type": "string"]],
          "Whole-set inputs: role to stage."),
        "per": described(
          ["type": "string"], "The ancestor stage whose rows delimit the groups of a set stage."),
        "as": described(
          ["type": "object", "additionalProperties": ["type": "string"]],
          "Other names for the columns it adds."),
        "replace": described(["type": "boolean"], "Whether it may write columns that exist; default false."),
        "on_failure": described(
          ["enum": .array(PipelineStage.OnFailure.allCases.map { .string($0.rawValue) })],
          "What becomes of a row whose last try failed; default fail."),
        "with": ["type": "object"],
      ],
      "allOf": .array(catalog.kinds.map(kindRule)),
    ]
    return [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Retort pipeline",
      "type": "object",
      "required": ["stages"],
      "additionalProperties": false,
      "properties": [
        "rounds": [
          "type": "object", "minProperties": 1, "propertyNames": ["pattern": "^[a-z][a-z0-9_]*$"],
          "additionalProperties": ["$ref": "#/$defs/rounds"],
        ],
        "models": ["type": "object", "additionalProperties": ["$ref": "#/$defs/model"]],
        "tools": [
          "type": "object", "propertyNames": ["pattern": "^[a-z][a-z0-9_]{0,63}$"],
          "additionalProperties": ["$ref": "#/$defs/tool"],
        ],
        "stages": [
          "type": "object", "minProperties": 1,
          "propertyNames": ["pattern": "^[a-z][a-z0-9_]*$"],
          "additionalProperties": ["$ref": "#/$defs/stage"],
        ],
      ],
      "$defs": ["model": model, "tool": tool(catalog), "stage": stage, "rounds": rounds],
    ]
  }

  /// If `uses:` names the kind, then `with:` and the rest are as the kind wants them.
  private static func kindRule(_ entry: StageEntry) -> JSON {
    let shape = entry.configShape()
    var with = shape.schema.object ?? [:]
    if var properties = with["properties"]?.object {
      for (key, help) in entry.keys {
        if let property = properties[key] { properties[key] = described(property, help) }
      }
      with["properties"] = .object(properties)
    }
    var properties: JSON.Object = ["with": .object(with)]
    var required: [JSON] = shape.keys.contains(where: \.required) ? ["with"] : []
    if entry.isReader { properties["from"] = false } else { required.append("from") }
    if !entry.isSet { properties["per"] = false }
    if entry.sets.isEmpty {
      properties["using"] = false
    } else {
      let roles = entry.sets.map { ($0.name, described(["type": "string"], $0.help)) }
      let needed = entry.sets.filter(\.required).map { JSON.string($0.name) }
      properties["using"] = [
        "type": "object", "additionalProperties": false,
        "properties": .object(JSON.Object(uniqueKeysWithValues: roles)), "required": .array(needed),
      ]
      if !needed.isEmpty { required.append("using") }
    }
    return [
      "if": ["properties": ["uses": ["const": .string(entry.name)]]],
      "then": [
        "description": .string(entry.summary), "properties": .object(properties),
        "required": .array(required),
      ],
    ]
  }

  private static func serverKey(_ name: String, _ schema: JSON) -> JSON {
    described(schema, ToolServerFields.help[name] ?? "")
  }

  private static func tool(_ catalog: Catalog) -> JSON {
    [
      "type": "object", "anyOf": [["required": ["uses"]], ["required": ["launch"]], ["required": ["url"]]],
      "properties": [
        "uses": described(["enum": .array(catalog.tools.map { .string($0.name) })], "The kind of tool."),
        "corpus": described(["type": "string"], "The stage whose rows it looks into."),
        "description": described(
          ["type": "string"], "What the model is told of it, in place of the kind's words."),
        "timeout": described(
          ["type": "number", "exclusiveMinimum": 0],
          "Seconds that a call may take; default 300, and 60 of a server's tool."),
        "launch": serverKey("launch", ["type": "array", "items": ["type": "string"]]),
        "url": serverKey("url", ["type": "string"]),
        "only": serverKey("only", ["type": "array", "items": ["type": "string"]]),
        "session": serverKey(
          "session", ["enum": .array(ToolServer.Session.allCases.map { .string($0.rawValue) })]),
        "effect": serverKey("effect", ["enum": .array(ToolEffect.allCases.map { .string($0.rawValue) })]),
        "sandbox": serverKey("sandbox", ["type": "boolean"]),
        "revision": serverKey("revision", ["type": "string"]),
        "key_env": serverKey("key_env", ["type": "string"]),
      ],
      "allOf": .array(
        catalog.tools.map { entry in
          let keys = entry.configShape().schema["properties"]?.object ?? [:]
          return [
            "if": ["properties": ["uses": ["const": .string(entry.name)]]],
            "then": [
              "description": .string(entry.summary),
              "properties": .object(
                JSON.Object(
                  uniqueKeysWithValues: keys.map { ($0.key, described($0.value, entry.keys[$0.key] ?? "")) })),
            ],
          ]
        }),
    ]
  }

  private static var rounds: JSON {
    [
      "type": "object", "required": ["max", "stages"], "additionalProperties": false,
      "properties": [
        "max": described(
          ["type": "integer", "minimum": 1, "maximum": .int(Int64(RoundBlock.mostRounds))],
          "Most rounds that are played."),
        "carry": described(
          ["type": "object", "additionalProperties": ["type": "string"]],
          "What rounds after the first read in the place of a stage outside, or what a model is in them: a stage of the round before."
        ),
        "until": [
          "type": "object", "required": ["of", "where"], "additionalProperties": false,
          "description": "The round in which a row of a stage satisfies this is the last.",
          "properties": [
            "of": described(["type": "string"], "The stage of these rounds that is looked at."),
            "where": described(
              ["type": "array", "items": ["type": "object"], "minItems": 1],
              "Conditions, as of the kind filter."),
          ],
        ],
        "stages": [
          "type": "object", "minProperties": 1, "propertyNames": ["pattern": "^[a-z][a-z0-9_]*$"],
          "additionalProperties": ["$ref": "#/$defs/stage"],
        ],
      ],
    ]
  }

  private static var model: JSON {
    let text: JSON = ["type": "string"]
    let above0: JSON = ["type": "number", "exclusiveMinimum": 0]
    let price: JSON = ["type": "number", "minimum": 0]
    return [
      "type": "object",
      "required": ["name"],
      "additionalProperties": false,
      "oneOf": [["required": ["endpoint"]], ["required": ["launch"]]],
      "properties": [
        "endpoint": described(text, "Base address, ending in /v1 as a rule."),
        "name": described(text, "The model's name at its endpoint; part of a step's key."),
        "kind": described(
          ["enum": .array(ModelSpec.Kind.allCases.map { .string($0.rawValue) })],
          "What it answers and in which format; default chat."),
        "api": described(
          ["enum": .array(ModelSpec.API.allCases.map { .string($0.rawValue) })],
          "Whose words the endpoint speaks; default openai. Part of a step's key where it is another."),
        "api_version": described(
          text, "The version of Azure's classic API; without it its /openai/v1 is spoken."),
        "reasoning_effort": described(
          text, "How much it thinks, in the provider's word; part of a step's key."),
        "thinking_budget": described(
          ["type": "integer"],
          "Most tokens of its thoughts, beside those of the reply (Gemini: 0 for none, -1 for as many as it likes); part of "
            + "a step's key."),
        "launch": described(
          ["type": "array", "items": text, "minItems": 1],
          "Command and arguments of a local server to start, wait for and stop."),
        "revision": described(text, "Another state of the same model; part of a step's key."),
        "api_key_env": described(text, "The environment variable that holds the key."),
        "key_header": described(
          text, "The header that carries the key as it is; default Authorization, after the word Bearer."),
        "headers_env": described(
          ["type": "object", "additionalProperties": text],
          "HTTP headers with secret values, each with the environment variable that holds it."),
        "headers": described(["type": "object", "additionalProperties": text], "HTTP headers to add."),
        "extra_body": described(["type": "object"], "Fields to add to every request's body."),
        "concurrency": described(["type": "integer", "minimum": 1], "Most calls in flight; default 16."),
        "rpm": described(above0, "Requests per minute."),
        "tpm": described(above0, "Tokens per minute."),
        "timeout": described(above0, "Seconds one call may take; default 300."),
        "retries": described(
          ["type": "integer", "minimum": 0], "Tries after a failure that may pass; default 5."),
        "max_tokens_field": described(
          ["enum": .array(ModelSpec.TokensField.allCases.map { .string($0.rawValue) })],
          "The field that bounds a reply's tokens; default max_tokens, or what the server says."),
        "omit": described(
          [
            "type": "array",
            "items": ["enum": .array(ModelSpec.SamplingField.allCases.map { .string($0.rawValue) })],
          ], "Fields of a chat's sampling that requests leave out, since the model refuses them."),
        "coordinates": described(
          ["enum": .array(ModelSpec.Coordinates.allCases.map { .string($0.rawValue) })],
          "How the model says boxes in an image: pixels of the copy it is shown, or thousandths; they are mapped to the "
            + "original. Default: as its tools take them."),
        "max_pixels": described(
          ["type": "integer", "minimum": 1],
          "Most pixels of the copy that the server makes of an image; default 12845056, as Qwen2.5-VL has it."
        ),
        "max_inputs": described(
          ["type": "integer", "minimum": 1],
          "Most texts of one request for vectors; default 64, halved where the server refuses as many."),
        "price": [
          "type": "object", "description": "USD per million tokens.", "required": ["input", "output"],
          "additionalProperties": false,
          "properties": ["input": price, "output": price, "cached_input": price, "written_input": price],
        ],
      ],
    ]
  }

  private static func described(_ schema: JSON, _ help: String) -> JSON {
    var fields = schema.object ?? [:]
    fields["description"] = .string(help)
    return .object(fields)
  }
}
