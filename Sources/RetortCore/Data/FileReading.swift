internal import Crypto
package import Foundation

/// What stands at a path, links not followed.
package enum FileKind: Hashable {
  case regular, folder, pipe, socket, device
  /// A file where the path has a folder.
  case blocked
  case link(to: String)

  /// Nil where there is nothing. Errors: ``StageError`` where one cannot look.
  package init?(at url: URL) throws {
    var info = stat()
    guard lstat(url.path, &info) == 0 else {
      if errno == ENOENT { return nil }
      if errno == ENOTDIR {
        self = .blocked
        return
      }
      throw StageError("cannot look at '\(url.path)': \(String(cString: strerror(errno)))")
    }
    if info.st_mode & S_IFMT == S_IFLNK {
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: url.path)
      self = .link(to: target ?? "?")
    } else {
      self.init(mode: info.st_mode)
    }
  }

  /// Nil where there is nothing, or a link to nothing.
  package init?(following url: URL) {
    var info = stat()
    guard stat(url.path, &info) == 0 else {
      if errno == ENOTDIR {
        self = .blocked
        return
      }
      return nil
    }
    self.init(mode: info.st_mode)
  }

  init(mode: mode_t) {
    switch mode & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFDIR: self = .folder
    case S_IFIFO: self = .pipe
    case S_IFSOCK: self = .socket
    default: self = .device
    }
  }

  package var words: String {
    switch self {
    case .regular: "a file"
    case .folder: "a folder"
    case .link(let target): "a link to '\(target)'"
    case .pipe: "a pipe"
    case .socket: "a socket"
    case .device: "a device"
    case .blocked: "a file in the place of its folder"
    }
  }
}

/// A regular file, read piece by piece from its beginning and hashed on the way, so that memory holds one piece.
///
/// Not a memory map: what another process cuts short under a map ends this one.
package final class FileReading {
  private let handle: FileHandle
  private var hash = DigestBuilder()
  let path: String

  /// Links are followed. Errors: ``StageError`` where there is no regular file that can be read.
  package init(_ url: URL) throws {
    path = url.path
    // A pipe would be waited for otherwise.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw StageError("expected a readable file at '\(path)': \(String(cString: strerror(errno)))")
    }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var info = stat()
    fstat(descriptor, &info)
    let kind = FileKind(mode: info.st_mode)
    guard kind == .regular else {
      throw StageError("expected a readable file at '\(path)', found \(kind.words)")
    }
  }

  /// The next bytes, `count` at most; none at the end. Errors: ``StageError``.
  package func read(upToCount count: Int = 1 << 20) throws -> Data {
    let data: Data
    do { data = try handle.read(upToCount: count) ?? Data() } catch {
      throw StageError("expected a readable file at '\(path)': \(error.localizedDescription)")
    }
    hash.add(data)
    return data
  }

  /// Of what was read so far.
  var digest: Digest { hash.digest }

  /// All of a file. Errors: ``StageError``, also for more than `limit` bytes.
  static func all(of url: URL, limit: Int = .max) throws -> Data {
    let reading = try FileReading(url)
    var all = Data()
    while case let piece = try reading.read(), !piece.isEmpty {
      all += piece
      guard all.count <= limit else { throw StageError("expected at most \(limit) bytes in '\(url.path)'") }
    }
    return all
  }

  /// Of a file's content, however long it is. Errors: ``StageError``.
  static func digest(of url: URL) throws -> Digest {
    let reading = try FileReading(url)
    while try !reading.read().isEmpty {}
    return reading.digest
  }

  /// 64 hex digits. Errors: ``StageError``.
  package static func sha256(of url: URL) throws -> String { try digest(of: url).hex }
}
