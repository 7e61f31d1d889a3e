internal import OrderedCollections

/// The stage kinds that pipeline files may name.
package struct Catalog: Sendable {
  package let kinds: [StageEntry]

  package init(_ kinds: [StageEntry]) { self.kinds = kinds.sorted { $0.name < $1.name } }

  package subscript(name: String) -> StageEntry? { kinds.first { $0.name == name } }
}

/// One stage kind with its types erased.
package struct StageEntry: Sendable {
  package let name: String
  package let version: Int
  package let summary: String
  package let keys: [String: String]
  package let sets: [SetRole]
  package let isSet: Bool
  /// Whether it takes no rows: a set stage that reads no columns and writes no files.
  package let isReader: Bool
  package let exports: Bool
  /// Whether its output rows hold its own columns alone.
  package let makesRows: Bool
  /// The columns it adds whatever its keys say; nil where they or a run decide.
  package let adds: [String]?
  /// Decodes `with:` and answers what binds the stage to a workspace. Decoding errors carry a coding path.
  package let configure: @Sendable (any Decoder) throws -> ConfiguredStage
  /// The shape of `with:`, for `retort schema` and `retort stages`.
  package let configShape: @Sendable () -> ConfigShape

  package init<S: Stage>(_ stage: S.Type) {
    self.init(stage, isSet: false) { config, workspace in
      try BoundStage(try S(config, in: workspace), config: config)
    }
  }

  package init<S: SetStage>(_ stage: S.Type) {
    self.init(stage, isSet: true) { config, workspace in
      try BoundStage(try S(config, in: workspace), config: config)
    }
  }

  private init<S: StageKind>(
    _ stage: S.Type, isSet: Bool, bind: @escaping @Sendable (S.Config, Workspace) throws -> BoundStage
  ) {
    name = S.name
    version = S.version
    summary = S.summary
    keys = S.keys
    sets = S.sets
    exports = S.exports
    isReader = isSet && !S.exports && S.Input.self == NoColumns.self
    makesRows = S.makesRows || isReader
    self.isSet = isSet
    adds = S.Output.self == Columns.self ? nil : ColumnUse.properties(of: S.Output.self).map(\.name)
    configure = { decoder in
      let config = try S.Config(from: decoder)
      var encoded = try JSON(encoding: config)
      if !S.laterKeys.isEmpty, let fields = encoded.object {
        encoded = .object(fields.filter { !($0.value.isNull && S.laterKeys.contains($0.key)) })
      }
      return ConfiguredStage(config: encoded) { try bind(config, $0) }
    }
    configShape = { ConfigShape(of: S.Config.self) }
  }
}

/// A stage whose configuration is known and whose workspace is not yet.
package struct ConfiguredStage: Sendable {
  package let config: JSON
  package let bind: @Sendable (Workspace) throws -> BoundStage

  package init(config: JSON, bind: @escaping @Sendable (Workspace) throws -> BoundStage) {
    self.config = config
    self.bind = bind
  }
}
