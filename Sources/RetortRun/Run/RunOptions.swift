package import RetortCore
package import RetortStore

/// What is asked of a run or a plan beside its pipeline.
package struct RunOptions: Sendable {
  /// The rows of each source in ``Pipeline/cutSources`` that go on.
  package var selection: Selection
  /// Run this stage and its missing ancestors.
  package var only: String?
  /// Stages whose steps and replies are made afresh, or go on to be where that was begun.
  package var redo: Set<String>
  /// Tools whose results are asked for anew.
  package var redoTools: Set<String>
  /// Ask again for what an endpoint refused for good.
  package var retryRefused: Bool
  /// The first run of those that this one goes on with.
  package var origin: Int64?
  /// The flags as they are recorded with the run, for `retort resume`.
  package var flags: JSON

  package init(
    selection: Selection = .all, only: String? = nil, redo: Set<String> = [],
    redoTools: Set<String> = [], retryRefused: Bool = false, origin: Int64? = nil, flags: JSON = [:]
  ) {
    self.selection = selection
    self.only = only
    self.redo = redo
    self.redoTools = redoTools
    self.retryRefused = retryRefused
    self.origin = origin
    self.flags = flags
  }

  package var exportSuffix: String { selection.cuts ? Pipeline.limitedSuffix : "" }
}
