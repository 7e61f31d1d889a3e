internal import Foundation
internal import OrderedCollections
package import RetortCore
internal import RetortStore

extension Pipeline {
  /// What stands in the way of the exports: files that retort has no record of, and the store itself.
  ///
  /// Only what can be seen before a run; at its end each export looks again. `store` is the store's path. Errors: as of
  /// the ledger.
  package func obstacles(
    to options: RunOptions, ledger: any FileLedger, store: String
  ) async throws -> [String] {
    let needed = options.only.map { ancestry(of: $0) }
    let own = OwnFiles(ledger)
    var found: [String] = []
    for stage in stages where stage.entry.exports && needed?.contains(stage.name) ?? true {
      for target in try targets(of: stage, suffix: options.exportSuffix) {
        if let what = Store.owns(target.url, store: store) ?? Store.owns(target.partial, store: store) {
          found.append("\(stage.name): \(OwnFiles.refusal(of: target, what))")
        } else if let refusal = try await own.refusal(of: target) {
          found.append("\(stage.name): \(refusal)")
        }
      }
    }
    return found
  }

  /// The files that an export would write.
  func targets(of stage: PipelineStage, suffix: String) throws -> [ExportTarget] {
    let sets = Dictionary(uniqueKeysWithValues: stage.using.keys.map { ($0, RowSet<Columns>([])) })
    let workspace = Workspace(
      folder: folder, models: InertModels(), sets: sets, exportSuffix: suffix, branches: stage.branches,
      isGrouped: stage.per != nil)
    return try stage.configured.bind(workspace).writes
  }
}
