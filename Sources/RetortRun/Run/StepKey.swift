internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// What identifies a step: one stage applied to one input.
struct StepKey: Hashable, Sendable {
  /// The store's number for the digest of the stage's identity: that of ``StageKey`` with its take.
  let fingerprint: Int64
  /// The digest of the row, or of the ordered rows of the set.
  let input: Data
}

/// What all steps of a stage have in common: their key without its input.
struct StageKey: Hashable, Sendable {
  /// Kind, version, resolved configuration and renames; the digests of the sets under `using:`; and what is added to the
  /// name of an export's file. The number of its take is added by the store, which decides about takes.
  let identity: JSON.Object
  /// Whether steps of earlier takes, the newest first, answer what the valid one does not.
  let fallsBack: Bool

  /// - Parameter sets: the digests of the sets under `using:`, by role.
  init(_ stage: PipelineStage, sets: OrderedDictionary<String, Digest>, exportSuffix: String) {
    var identity = stage.identity.object ?? [:]
    if !sets.isEmpty { identity["using"] = .object(sets.mapValues { .string($0.description) }) }
    if stage.entry.exports, !exportSuffix.isEmpty { identity["export_suffix"] = .string(exportSuffix) }
    self.identity = identity
    // A reader's one step is found under the run's own fingerprint, and an export's file is that of its newest take.
    fallsBack = !stage.from.isEmpty && !stage.entry.exports
  }
}
