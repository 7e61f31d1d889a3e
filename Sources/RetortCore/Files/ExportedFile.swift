/// What an export's output row says: a file that must be on disk, with this content, for the step to be done.
package struct ExportedFile: Codable, Hashable, Sendable {
  package let path: String
  /// 64 hex digits.
  package let sha256: String
  package let rows: Int

  package init(path: String, sha256: String, rows: Int) {
    self.path = path
    self.sha256 = sha256
    self.rows = rows
  }
}
