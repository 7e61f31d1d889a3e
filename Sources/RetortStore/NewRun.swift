package import RetortCore

/// A run that is about to begin.
package struct NewRun: Sendable {
  package struct Stage: Sendable {
    package var name: String
    package var kind: String
    package var version: Int
    package var from: [String]
    /// Names of stages by role.
    package var using: JSON.Object
    /// Nil for a reader that cannot tell before it has run.
    package var columns: [String]?

    package init(
      name: String, kind: String, version: Int, from: [String], using: JSON.Object, columns: [String]?
    ) {
      self.name = name
      self.kind = kind
      self.version = version
      self.from = from
      self.using = using
      self.columns = columns
    }
  }

  package var pipeline: String
  /// The path of the pipeline file.
  package var file: String
  package var flags: JSON
  /// The first run of those that this one goes on with.
  package var origin: Int64?
  package var fingerprint: Digest
  /// What was read, as people may read it.
  package var resolved: JSON
  /// In file order.
  package var stages: [Stage]

  package init(
    pipeline: String, file: String, flags: JSON, origin: Int64?, fingerprint: Digest, resolved: JSON,
    stages: [Stage]
  ) {
    self.pipeline = pipeline
    self.file = file
    self.flags = flags
    self.origin = origin
    self.fingerprint = fingerprint
    self.resolved = resolved
    self.stages = stages
  }
}
