package import Foundation

/// The content of a folder as one digest: each file's path below it and the digest of its content, in the order of the paths.
package enum FolderDigest {
  /// 64 hex digits. Links are not followed, and count by where they lead. Errors: ``StageError`` for what cannot be read.
  package static func sha256(of folder: URL) throws -> String {
    var lines: [String] = []
    for path in try files(below: folder).sorted() {
      let url = folder.appending(path: path)
      let content =
        if case .link(let target)? = try FileKind(at: url) { "-> \(target)" } else {
          try FileReading.sha256(of: url)
        }
      lines.append("\(content)  \(path)\n")
    }
    return Digest(of: Data(lines.joined().utf8)).hex
  }

  private static func files(below folder: URL) throws -> [String] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
      throw StageError("expected a readable folder at '\(folder.path)': \(error.localizedDescription)")
    }
    return try names.flatMap { name -> [String] in
      let url = folder.appending(path: name)
      guard try FileKind(at: url) == .folder else { return [name] }
      return try files(below: url).map { "\(name)/\($0)" }
    }
  }
}
