internal import Foundation

/// The data files that a key names: a path, a path with wildcards, or a list of these. A path that leads to something
/// is that, whatever it is made of.
///
/// One path encodes as its file does, so that its digest stays what it was; anything else as a list of digests.
package struct DataFiles: Hashable, Sendable {
  package let files: [DataFile]
  private let isOne: Bool

  package init(_ file: DataFile) {
    files = [file]
    isOne = true
  }

  package init(_ files: [DataFile]) {
    self.files = files
    isOne = false
  }

  /// One entry: a path, or one with wildcards.
  package struct Entry: Hashable, Sendable {
    let files: [DataFile]
    /// Nil for a path.
    let pattern: String?

    package init(_ files: [DataFile], pattern: String? = nil) {
      self.files = files
      self.pattern = pattern
    }
  }
}

extension DataFiles: Codable {
  package init(from decoder: any Decoder) throws {
    guard var list = try? decoder.unkeyedContainer() else {
      let entry = try Entry(from: decoder)
      files = entry.files
      isOne = entry.pattern == nil
      return
    }
    var entries: [Entry] = []
    while !list.isAtEnd { entries.append(try list.decode(Entry.self)) }
    files = entries.flatMap(\.files)
    isOne = false
    if let fault = Self.fault(in: entries) {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: fault))
    }
  }

  /// What a list has twice because of a pattern; who writes one path twice means it.
  private static func fault(in entries: [Entry]) -> String? {
    guard !entries.isEmpty else { return "expected at least one file, found none" }
    var patterns: [String: String?] = [:]
    for entry in entries {
      for file in entry.files {
        if let earlier = patterns[file.url.path], let pattern = entry.pattern ?? earlier {
          return "expected each file once, found '\(file.path)' again, which fits '\(pattern)'"
        }
        patterns[file.url.path] = entry.pattern
      }
    }
    return nil
  }

  package func encode(to encoder: any Encoder) throws {
    if isOne { try files[0].encode(to: encoder) } else { try files.encode(to: encoder) }
  }
}

extension DataFiles.Entry: Decodable {
  package init(from decoder: any Decoder) throws {
    let path = try decoder.singleValueContainer().decode(String.self)
    guard let pattern = FilePattern(path), FileKind(following: fileURL(path, decoder)) == nil else {
      self.init([try DataFile(path, decoder)])
      return
    }
    let folder = decoder.userInfo[.folder] as? URL ?? URL(filePath: ".")
    func fault(_ words: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: words))
    }
    let paths: [String]
    do { paths = try pattern.paths(in: folder) } catch { throw fault("\(path): \(error)") }
    guard !paths.isEmpty else {
      throw fault("expected a file that fits '\(path)', found none in '\(folder.standardizedFileURL.path)'")
    }
    self.init(try paths.map { try DataFile($0, decoder) }, pattern: path)
  }
}
