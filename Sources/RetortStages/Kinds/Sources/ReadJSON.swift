package import RetortCore

/// Reads JSON files that are a list of objects, or an object that holds one list.
///
/// A file is parsed whole: for more than ``JSONList/limit`` bytes use `read-jsonl`.
package struct ReadJSON: RecordReader {
  package static let name = "read-json"
  package static let version = 1
  package static let summary = "Read rows from JSON files: a list of objects, or an object with one list."
  package static let keys = [
    "file": "The file, \(FileKey.help)A file may have up to 256 MB (use read-jsonl for more)."
  ].merging(RecordConfig.keys) { own, _ in own }
  package static let laterKeys = RecordConfig.laterKeys

  package static func resolved(_ config: RecordConfig) -> RecordConfig { config.looking(with: JSONList()) }

  package let source: RecordSource
  package let adds: [String]?
  package var addsMore: Bool { true }

  package init(_ config: RecordConfig, in workspace: Workspace) throws {
    source = try config.source(JSONList(), in: workspace)
    adds = config.certain(source.rules)
  }
}
