internal import Foundation
internal import RetortCore

/// A folder for files on the way, in the place for temporary files ($TMPDIR); gone with the value.
final class ScratchFolder {
  let url: URL

  /// Errors: ``StageError``.
  init() throws {
    var name = Array(FileManager.default.temporaryDirectory.appending(path: "retort-XXXXXX").path.utf8CString)
    guard mkdtemp(&name) != nil else {
      throw StageError(
        "cannot make a folder in '\(FileManager.default.temporaryDirectory.path)': \(String(cString: strerror(errno)))"
      )
    }
    url = URL(filePath: String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}
