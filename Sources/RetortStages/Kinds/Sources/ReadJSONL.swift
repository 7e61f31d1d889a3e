package import RetortCore

/// Reads files of JSON objects, one a line, a chunk at a time.
///
/// A line that is no object is rejected with its number and the others go on; empty lines are skipped.
package struct ReadJSONL: RecordReader {
  package static let name = "read-jsonl"
  package static let version = 1
  package static let summary = "Read rows from files with one JSON object a line."
  package static let keys = [
    "file": "The file, \(FileKey.help)A line may have up to 16 MB."
  ].merging(RecordConfig.keys) { own, _ in own }
  package static let laterKeys = RecordConfig.laterKeys

  package static func resolved(_ config: RecordConfig) -> RecordConfig { config.looking(with: JSONLines()) }

  package let source: RecordSource
  package let adds: [String]?
  package var addsMore: Bool { true }

  package init(_ config: RecordConfig, in workspace: Workspace) throws {
    source = try config.source(JSONLines(), in: workspace)
    adds = config.certain(source.rules)
  }
}
