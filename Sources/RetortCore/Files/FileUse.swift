package import Foundation

/// The files that decoding has read: a decoder hands it out under ``Swift/CodingUserInfoKey/fileUse``.
package final class FileUse {
  package private(set) var files: Set<URL> = []

  package init() {}

  func note(_ file: URL) { files.insert(file) }
}

extension CodingUserInfoKey {
  /// A ``FileUse`` to note what is read in.
  package static let fileUse = CodingUserInfoKey(rawValue: "retort.fileUse")!
}
