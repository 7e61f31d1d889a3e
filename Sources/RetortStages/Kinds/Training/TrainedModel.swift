internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// What the last line of a training program says.
struct TrainedModel {
  static let columns = ["name", "revision", "path", "sha256", "metrics"]

  /// What it trained: a file or a folder.
  let url: URL
  private let name: String
  private let revision: String
  private let added: [(String, JSON)]
  private let metrics: JSON.Object

  /// - Parameter program: the folder in which the program ran, which a relative path starts from.
  /// Errors: ``StageError`` where the line is none, or nothing is at its path.
  init(_ line: String, adds: [String], program folder: URL) throws {
    let fields: JSON.Object
    do {
      guard let object = try JSON(parsing: line).object else {
        throw StageError("expected an object in the program's last line, found '\(line.prefix(200))'")
      }
      fields = object
    } catch let error as JSONError {
      throw StageError("expected a line of JSON at the program's end, found '\(line.prefix(200))': \(error)")
    }
    func word(_ key: String) throws -> String {
      guard let word = fields[key]?.string, !word.trimmed.isEmpty else {
        throw StageError(
          "expected a text under '\(key)' in the program's last line, found \(fields[key]?.text.prefix(80) ?? "none")"
        )
      }
      return word
    }
    (name, revision) = (try word("name"), try word("revision"))
    let path = try word("path")
    url = URL(filePath: path, relativeTo: folder).standardizedFileURL
    added = try adds.map { key in
      guard let value = fields[key] else {
        throw StageError("expected '\(key)' in the program's last line, as 'adds:' says, found none")
      }
      return (key, value)
    }
    metrics = fields.filter { !Self.columns.contains($0.key) && !adds.contains($0.key) }
    switch try FileKind(at: url) {
    case .regular, .folder: break
    case let other:
      throw StageError(
        "expected what was trained at '\(path)', a file or a folder, found \(other?.words ?? "nothing there")"
      )
    }
  }

  /// - Parameter path: as the row says it.
  func row(path: String) throws -> Columns {
    let digest = try FileKind(at: url) == .folder ? FolderDigest.sha256(of: url) : FileReading.sha256(of: url)
    var row = Columns([
      "name": .string(name), "revision": .string(revision), "path": .string(path), "sha256": .string(digest),
      "metrics": .object(metrics),
    ])
    for (key, value) in added { row[key] = value }
    return row
  }
}
