package import Foundation
package import OrderedCollections
package import RetortCore

/// A pipeline file, read and checked: what the program uses, where ``PipelineFile`` is what the user wrote.
package struct Pipeline: Sendable {
  /// What is added to the name of an export when a run takes the first rows alone.
  static let limitedSuffix = ".limited"

  /// The file's name without its extension.
  package let name: String
  package let file: URL
  package let models: OrderedDictionary<String, ModelSpec>
  /// What stages may offer a model, in file order.
  package let tools: [ToolSpec]
  /// In file order; every `from:` and `using:` names another one, and there is no cycle.
  package let stages: [PipelineStage]
  /// What is no mistake and should be told all the same.
  package let warnings: [Diagnostic]
  /// What a check of the file could not tell.
  package let notes: [Diagnostic]
  /// The kinds that the file may name.
  package let catalog: Catalog
  /// Cuts out what of the file itself is, or looks like, a key: used as it is written, shown and recorded nowhere.
  package let redaction: Redaction
  /// The environment variables that the file names.
  package let variables: [FileVariable]

  package var folder: URL { file.deletingLastPathComponent() }

  package init(
    name: String, file: URL, models: OrderedDictionary<String, ModelSpec>, tools: [ToolSpec] = [],
    stages: [PipelineStage], warnings: [Diagnostic] = [], notes: [Diagnostic] = [],
    catalog: Catalog? = nil,
    redaction: Redaction = Redaction(),
    variables: [FileVariable] = []
  ) {
    self.name = name
    self.file = file
    self.models = models
    self.tools = tools
    self.stages = stages
    self.warnings = warnings
    self.notes = notes
    self.catalog = catalog ?? Catalog(stages.map(\.entry))
    self.redaction = redaction
    self.variables = variables
  }

  /// Digest of every stage's kind, version, configuration and renames: what a run and its manifests are known by.
  package var fingerprint: Digest { Digest(of: JSON.array(stages.map(\.identity))) }

  /// Of the tools' identities, by name.
  var toolDigests: [String: Digest] {
    Dictionary(tools.map { ($0.name, Digest(of: $0.identity)) }) { first, _ in first }
  }

  package subscript(stage: String) -> PipelineStage? { stages.first { $0.name == stage } }
}

package struct PipelineStage: Sendable {
  package enum OnFailure: String, Codable, Sendable, CaseIterable { case fail, drop }

  package let name: String
  package let entry: StageEntry
  /// The stages whose rows it takes, in file order; empty for a reader.
  package let from: [String]
  /// Role to stage name.
  package let using: OrderedDictionary<String, String>
  /// The ancestor stage whose rows delimit the groups of a set stage.
  package let per: String?
  package let onFailure: OnFailure
  /// Added column to the name it is written under.
  package let renames: [String: String]
  package let replace: Bool
  package let configured: ConfiguredStage
  /// Columns of its output rows where they are known before a run; nil after a reader that cannot tell.
  package let columns: [String]?
  /// What becomes of the columns of its input rows.
  let passed: PassedColumns
  /// Models that its configuration names.
  package let models: [String]
  /// Tools that it offers.
  package let tools: [ToolSpec]
  /// Files that its configuration names.
  package let files: Set<URL>
  /// Where it stands among rounds; nil outside of them.
  package let round: RoundPlace?
  /// Whether it takes a union of rounds: several inputs, also while there is but one.
  package let unites: Bool
  /// How many inputs it has.
  var branches: Int { max(from.count, unites ? 2 : 0) }
  /// Digest of kind, version, configuration and renames: with an input digest, a step's key.
  package var fingerprint: Digest { Digest(of: identity) }

  /// The fields of the fingerprint, so that a plan can name the one that changed.
  package var identity: JSON {
    var fields: JSON.Object = [
      "kind": .string(entry.name), "version": .int(Int64(entry.version)), "with": configured.config,
    ]
    if !renames.isEmpty {
      fields["as"] = .object(
        .init(uniqueKeysWithValues: renames.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    if drawnRound > 1 { fields["round"] = .int(Int64(drawnRound)) }
    return .object(fields)
  }

  package init(
    name: String, entry: StageEntry, from: [String] = [], using: OrderedDictionary<String, String> = [:],
    per: String? = nil, onFailure: OnFailure = .fail, renames: [String: String] = [:], replace: Bool = false,
    configured: ConfiguredStage, columns: [String]? = nil, passed: PassedColumns = .all,
    models: [String] = [], tools: [ToolSpec] = [], files: Set<URL> = [], round: RoundPlace? = nil,
    unites: Bool = false
  ) {
    self.name = name
    self.entry = entry
    self.from = from
    self.using = using
    self.per = per
    self.onFailure = onFailure
    self.renames = renames
    self.replace = replace
    self.configured = configured
    self.columns = columns
    self.passed = passed
    self.models = models
    self.tools = tools
    self.files = files
    self.round = round
    self.unites = unites
  }
}
