internal import Foundation
internal import GRDB
internal import RetortCore
internal import Synchronization

/// The images that rows, requests and results of tools name: each a file beside the store, named by the SHA-256 of its
/// bytes and whole or not there.
final class ImageFiles: ImageShelf {
  /// Beside the store.
  let folder: URL
  /// Known to be there, and durable.
  private let known = Mutex<Set<Digest>>([])

  /// - Parameter store: the path of the store's file.
  init(besides store: String) { folder = URL(filePath: store + ".images", directoryHint: .isDirectory) }

  private static let partEnding = ".part"

  private func url(_ digest: Digest) -> URL { folder.appending(path: digest.hex) }

  func put(_ bytes: Data, as image: ImageReference) async throws {
    guard !known.withLock({ $0.contains(image.digest) }) else { return }
    if Self.read(url(image.digest)).map({ Digest(of: $0) == image.digest }) != true {
      try write(bytes, image)
    }
    // A name that another process has given may not be durable yet either.
    try sync(folder)
    known.withLock { _ = $0.insert(image.digest) }
  }

  func bytes(of digest: Digest) async throws -> Data {
    let place = url(digest)
    guard let bytes = Self.read(place) else {
      throw ImageFault(
        .missing,
        "expected the image \(ImageReference.prefix)\(digest.hex) at '\(place.path)', found none; put the file back, or read its data again with "
          + "another store")
    }
    guard Digest(of: bytes) == digest else {
      throw ImageFault(
        .missing,
        "expected the bytes of the image \(ImageReference.prefix)\(digest.hex) at '\(place.path)', found others; put the file back that was there"
      )
    }
    return bytes
  }

  /// Nil where there is no regular file.
  private static func read(_ url: URL) -> Data? {
    let descriptor = open(url.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    return (try? file.readToEnd()) ?? (try? file.offset()).map { _ in Data() }
  }

  private func write(_ bytes: Data, _ image: ImageReference) throws {
    let files = FileManager.default
    try files.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let part = folder.appending(path: "\(image.digest.hex).\(UUID().uuidString)\(Self.partEnding)")
    do {
      guard files.createFile(atPath: part.path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
        throw refusal(part)
      }
      let file = try FileHandle(forWritingTo: part)
      try file.write(contentsOf: bytes)
      try file.synchronize()
      try file.close()
      // Another process may have put it there meanwhile: whichever stands, it holds the same.
      guard rename(part.path, url(image.digest).path) == 0 else { throw refusal(part) }
    } catch {
      try? files.removeItem(at: part)
      if error is StoreError { throw error }
      throw StoreError("expected to keep an image at '\(part.path)', found: \(error.localizedDescription)")
    }
  }

  private func refusal(_ url: URL) -> StoreError {
    StoreError("expected to keep an image at '\(url.path)', found: \(String(cString: strerror(errno)))")
  }

  private func sync(_ folder: URL) throws {
    let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw refusal(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw refusal(folder) }
  }

  // MARK: Collection

  /// Images that nobody names any more, and what a killed run left of one.
  ///
  /// - Parameter named: hex digests.
  func idle(_ named: () throws -> Set<String>) rethrows -> [(url: URL, bytes: Int)] {
    let found =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: [.fileSizeKey]))
      ?? []
    guard !found.isEmpty else { return [] }
    let named = try named()
    return found.filter { url in
      let name = url.lastPathComponent
      guard !name.hasSuffix(Self.partEnding) else { return true }
      return name.count == 64 && name.allSatisfy(\.isHexDigit) && !named.contains(name)
    }.map { ($0, (try? $0.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0) }
  }

  /// The hex digests of all images that rows, requests and results of tools name.
  static func named(_ db: Database) throws -> Set<String> {
    var named = Set<String>()
    for (table, column) in [("row", "json"), ("prompt", "json"), ("tool__call", "images")] {
      let texts = try String.fetchCursor(
        db,
        sql: "SELECT \"\(column)\" FROM \"\(table)\" WHERE instr(\"\(column)\", ?)",
        arguments: ["\"\(ImageReference.prefix)"])
      while let text = try texts.next() {
        for part in text.components(separatedBy: "\"" + ImageReference.prefix).dropFirst() {
          named.insert(String(part.prefix(64)))
        }
      }
    }
    return named
  }
}
