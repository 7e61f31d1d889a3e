internal import OrderedCollections

/// The kinds of stages and of tools that pipeline files may name.
package struct Catalog: Sendable {
  package let kinds: [StageEntry]
  package let tools: [ToolEntry]

  package init(_ kinds: [StageEntry], tools: [ToolEntry] = []) {
    self.kinds = kinds.sorted { $0.name < $1.name }
    self.tools = tools.sorted { $0.name < $1.name }
  }

  package subscript(name: String) -> StageEntry? { kinds.first { $0.name == name } }

  /// Names of the kinds that write files.
  package var exports: [String] { kinds.filter(\.exports).map(\.name) }
}

/// One stage kind with its types erased.
package struct StageEntry: Sendable {
  package enum Form: Hashable, Sendable {
    case reader, row
    /// `makesRows`: whether its output rows hold its own columns alone.
    case set(makesRows: Bool)
    case export([Destination])
  }

  package let name: String
  package let version: Int
  package let summary: String
  package let keys: [String: String]
  package let sets: [SetRole]
  package let form: Form
  package let drawsSamples: Bool
  package let isForeseeable: Bool
  /// Whether its rows name files that must be there for a step to be done.
  package let keepsFiles: Bool
  /// Whether its output rows come in the order in which it answers.
  package let reorders: Bool
  package let plots: PlottedColumns
  package let drawing: @Sendable (_ config: JSON) -> Drawing?
  package let makesNoneWhere: String?
  package let heads: HeadColumns?
  /// Whether a file that it wrote may be edited.
  package let leavesEdits: Bool
  /// As of ``StageKind/numberedKeys``.
  package let numberedKeys: Set<String>
  /// The columns it adds whatever its keys say; nil where they or a run decide.
  package let adds: [String]?
  /// Decodes `with:` and answers what binds the stage to a workspace. Decoding errors carry a coding path.
  package let configure: @Sendable (any Decoder) throws -> ConfiguredStage
  /// The shape of `with:`, for `retort schema` and `retort stages`.
  package let configShape: @Sendable () -> ConfigShape

  package init<S: Reader>(_ stage: S.Type) {
    self.init(stage, .reader) { BoundStage(try S($0, in: $1)) }
  }

  package init<S: RowStage>(_ stage: S.Type) {
    self.init(stage, .row) { BoundStage(try S($0, in: $1)) }
  }

  package init<S: SetStage>(_ stage: S.Type) {
    self.init(stage, .set(makesRows: S.Sink.makesRows), reorders: S.reorders) {
      BoundStage(try S($0, in: $1))
    }
  }

  package init<S: Exporter>(_ stage: S.Type) {
    self.init(stage, .export(S.destinations), leavesEdits: S.leavesEdits) { BoundStage(try S($0, in: $1)) }
  }

  private init<S: StageKind>(
    _ stage: S.Type, _ form: Form, reorders: Bool = false, leavesEdits: Bool = false,
    bind: @escaping @Sendable (S.Config, Workspace) throws -> BoundStage
  ) {
    name = S.name
    version = S.version
    summary = S.summary
    keys = S.keys
    sets = S.sets
    self.form = form
    drawsSamples = S.drawsSamples
    isForeseeable = S.isForeseeable
    keepsFiles = S.keepsFiles
    self.reorders = reorders
    self.leavesEdits = leavesEdits
    plots = S.plots
    drawing = { S.drawing($0) }
    makesNoneWhere = S.makesNoneWhere
    heads = S.heads
    numberedKeys = S.numberedKeys
    adds = S.Output.self == Columns.self ? nil : ColumnUse.properties(of: S.Output.self).map(\.name)
    configure = { decoder in
      let config = S.resolved(try S.Config(from: decoder))
      var encoded = try JSON(encoding: config)
      if !S.laterKeys.isEmpty, let fields = encoded.object {
        encoded = .object(fields.filter { !($0.value.isNull && S.laterKeys.contains($0.key)) })
      }
      return ConfiguredStage(
        config: encoded, workload: S.workload(of: config), inFlight: S.inFlight(of: config)
      ) {
        try bind(config, $0)
      }
    }
    configShape = { ConfigShape(of: S.Config.self) }
  }
}

extension StageEntry {
  /// Whether it takes no rows.
  package var isReader: Bool { form == .reader }
  /// Whether it is performed once for all its rows, or for each group of them, and not for each row.
  package var isSet: Bool { form != .row }
  package var exports: Bool { if case .export = form { true } else { false } }
  /// The keys that say where it writes; empty unless it exports.
  package var destinations: [Destination] { if case .export(let keys) = form { keys } else { [] } }
  /// Whether its output rows hold its own columns alone.
  package var makesRows: Bool {
    switch form {
    case .reader, .export: true
    case .row: false
    case .set(let makesRows): makesRows
    }
  }
}

/// A stage whose configuration is known and whose workspace is not yet.
package struct ConfiguredStage: Sendable {
  /// As it enters the key.
  package let config: JSON
  package let workload: Workload
  /// As of ``StageKind/inFlight(of:)``.
  package let inFlight: Int?
  package let bind: @Sendable (Workspace) throws -> BoundStage

  package init(
    config: JSON, workload: Workload = Workload(), inFlight: Int? = nil,
    bind: @escaping @Sendable (Workspace) throws -> BoundStage
  ) {
    self.config = config
    self.workload = workload
    self.inFlight = inFlight
    self.bind = bind
  }
}
