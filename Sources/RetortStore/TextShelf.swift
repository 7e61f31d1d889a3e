internal import Foundation
internal import GRDB
internal import RetortCore
internal import Synchronization

/// The full text of corpora, each in a file of its own beside the store, named by the corpus' digest. A file is whole or
/// not there; one that was removed is made again.
final class TextShelf: TextLibrary {
  /// Beside the store.
  let folder: URL
  private let indices = Mutex<[Digest: Once<TextIndexFile>]>([:])

  /// - Parameter store: the path of the store's file.
  init(besides store: String) { folder = URL(filePath: store + ".text", directoryHint: .isDirectory) }

  func index(of corpus: Corpus) async throws -> any TextIndex {
    let once = indices.withLock { indices in
      if let once = indices[corpus.digest] { return once }
      let once = Once { [self] in try await open(corpus) }
      indices[corpus.digest] = once
      return once
    }
    return try await once.value
  }

  private func open(_ corpus: Corpus) async throws -> TextIndexFile {
    let url = folder.appending(path: corpus.digest.hex + Self.ending)
    if !FileManager.default.fileExists(atPath: url.path) { try await make(corpus, at: url) }
    return try TextIndexFile(url)
  }

  private func make(_ corpus: Corpus, at url: URL) async throws {
    let files = FileManager.default
    try files.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let part = folder.appending(path: "\(corpus.digest.hex).\(UUID().uuidString)\(Self.partEnding)")
    do {
      try await TextIndexFile.write(corpus.rows, to: part)
      // Another process may have made the same one meanwhile: whichever stands, it holds the same.
      guard rename(part.path, url.path) == 0 else {
        throw StoreError(
          "expected to keep the index of a corpus at '\(url.path)', found: \(String(cString: strerror(errno)))"
        )
      }
    } catch {
      try? files.removeItem(at: part)
      throw StoreError(error, path: part.path) ?? error
    }
  }

  private static let (ending, partEnding) = (".sqlite", ".part")

  // MARK: Collection

  /// Files of corpora that nobody names any more, and what a killed run left of one.
  ///
  /// - Parameter names: whether a digest is still named.
  func idle(_ names: (String) throws -> Bool) rethrows -> [(url: URL, bytes: Int)] {
    let files = FileManager.default
    let found = (try? files.contentsOfDirectory(at: folder, includingPropertiesForKeys: [.fileSizeKey])) ?? []
    return try found.filter { url in
      let name = url.lastPathComponent
      if name.hasSuffix(Self.partEnding) { return true }
      guard name.hasSuffix(Self.ending) else { return false }
      return try !names(String(name.dropLast(Self.ending.count)))
    }.map { ($0, (try? $0.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0) }
  }
}
