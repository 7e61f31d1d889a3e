internal import Foundation

/// A data file that somebody else makes, and that may not be there yet: decodes from a path, encodes as the digest of its
/// content, or null while there is none.
package struct AwaitedFile: Hashable, Sendable {
  package let path: String
  /// Nil while there is none.
  package let file: DataFile?

  package init(path: String, file: DataFile?) {
    self.path = path
    self.file = file
  }
}

extension AwaitedFile: Codable {
  package init(from decoder: any Decoder) throws {
    path = try decoder.singleValueContainer().decode(String.self)
    let url = fileURL(path, decoder)
    if FileKind(following: url) == nil {
      (decoder.userInfo[.fileUse] as? FileUse)?.note(url)
      file = nil
    } else {
      file = try DataFile(from: decoder)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(file?.digest.description)
  }
}
