import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStore
@testable import RetortStages

private struct Config: Codable {
  enum Mode: String, Codable, CaseIterable { case fast, slow }
  struct Part: Codable {
    var name: String
    var share: Double?
  }
  var model: ModelRef
  var judges: [ModelRef]?
  var prompt: TextFile?
  var file: DataFile
  var mode: Mode?
  var count: Int
  var strict: Bool?
  var parts: [Part]
  var limits: [String: Double]?
  var sampling: Part?
  var extra: JSON?
}

@Suite struct ConfigShapeTests {
  @Test func keysOfAConfiguration() {
    let part = ConfigShape(keys: [
      .init(name: "name", value: .string, required: true),
      .init(name: "share", value: .number, required: false),
    ])
    #expect(
      ConfigShape(of: Config.self)
        == ConfigShape(keys: [
          .init(name: "model", value: .model, required: true),
          .init(name: "judges", value: .list(.model), required: false),
          .init(name: "prompt", value: .textFile, required: false),
          .init(name: "file", value: .dataFile, required: true),
          .init(name: "mode", value: .choice(["fast", "slow"]), required: false),
          .init(name: "count", value: .integer, required: true),
          .init(name: "strict", value: .boolean, required: false),
          .init(name: "parts", value: .list(.object(part)), required: true),
          .init(name: "limits", value: .map(.number), required: false),
          .init(name: "sampling", value: .object(part), required: false),
          .init(name: "extra", value: .any, required: false),
        ]))
    #expect(
      part.schema == [
        "type": "object", "additionalProperties": false,
        "properties": ["name": ["type": "string"], "share": ["type": "number"]], "required": ["name"],
      ])
    #expect(ConfigShape(of: NoColumns.self) == ConfigShape(keys: []))
    #expect("\(ConfigShape.Value.list(.choice(["a", "b"])))" == "list of choice (a, b)")
  }
}
