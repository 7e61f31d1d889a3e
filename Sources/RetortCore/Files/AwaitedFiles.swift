internal import Foundation

/// Data files that somebody else makes, and that may not be there yet: a path, a path with wildcards, or a list of these.
///
/// One path encodes as the digest of its file's content, or null while there is none; anything else as a list of these.
package struct AwaitedFiles: Hashable, Sendable {
  /// One path, or what fits one with wildcards.
  package struct Entry: Hashable, Sendable {
    package let path: String
    package let files: [DataFile]
    fileprivate let isPattern: Bool

    package init(path: String, files: [DataFile], isPattern: Bool = false) {
      self.path = path
      self.files = files
      self.isPattern = isPattern
    }
  }

  package let entries: [Entry]
  private let isOne: Bool

  /// - Parameter file: nil while there is none.
  package init(path: String, file: DataFile?) {
    entries = [Entry(path: path, files: file.map { [$0] } ?? [])]
    isOne = true
  }

  package init(_ entries: [Entry]) {
    self.entries = entries
    isOne = false
  }

  package var files: [DataFile] { entries.flatMap(\.files) }
  /// As people name them.
  package var name: String { entries.map { "'\($0.path)'" }.joined(separator: ", ") }
  /// The first one that is not there.
  package var missing: String? { entries.first { $0.files.isEmpty }?.path }
}

extension AwaitedFiles: Codable {
  package init(from decoder: any Decoder) throws {
    guard var list = try? decoder.unkeyedContainer() else {
      let entry = try Entry(from: decoder)
      entries = [entry]
      isOne = !entry.isPattern
      return
    }
    var entries: [Entry] = []
    while !list.isAtEnd { entries.append(try list.decode(Entry.self)) }
    self.entries = entries
    isOne = false
    let paths = files.map(\.url.path)
    let twice = paths.indices.first { paths[..<$0].contains(paths[$0]) }
    let fault =
      entries.isEmpty
      ? "expected at least one file, found none"
      : twice.map { "expected each file once, found '\(files[$0].path)' again" }
    if let fault {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: fault))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    guard isOne else { return try files.encode(to: encoder) }
    var container = encoder.singleValueContainer()
    try container.encode(files.first?.digest.description)
  }
}

extension AwaitedFiles.Entry: Decodable {
  package init(from decoder: any Decoder) throws {
    let path = try decoder.singleValueContainer().decode(String.self)
    let url = fileURL(path, decoder)
    let isThere = FileKind(following: url) != nil
    guard !isThere, let pattern = FilePattern(path) else {
      if !isThere { (decoder.userInfo[.fileUse] as? FileUse)?.note(url) }
      self.init(path: path, files: isThere ? [try DataFile(from: decoder)] : [])
      return
    }
    // A folder that is not there yet holds none.
    let paths = (try? pattern.paths(in: decoder.userInfo[.folder] as? URL ?? URL(filePath: "."))) ?? []
    self.init(path: path, files: try paths.map { try DataFile($0, decoder) }, isPattern: true)
  }
}
