package import Foundation

/// What a path leads to, whatever way is taken there: through links, by another name, past a folder mounted twice.
package enum PathIdentity {
  /// Two paths lead to one file when they have a key in common. A file that is not there yet has the key of its name
  /// in the deepest folder that is.
  package static func keys(of url: URL) -> [String] {
    var keys: [String] = []
    var info = stat()
    if stat(url.path, &info) == 0 { keys.append("\(info.st_dev):\(info.st_ino)") }
    let (folder, rest) = deepestFolder(of: url)
    if stat(folder.path, &info) == 0 { keys.append("\(info.st_dev):\(info.st_ino)/\(rest)") }
    return keys
  }

  /// The path with the links of its folder followed, and not that of its last part.
  package static func canonical(_ url: URL) -> String {
    let (folder, rest) = deepestFolder(of: url)
    guard let real = realpath(folder.path, nil) else { return url.standardizedFileURL.path }
    defer { free(real) }
    let path = String(cString: real)
    return path == "/" ? path + rest : "\(path)/\(rest)"
  }

  private static func deepestFolder(of url: URL) -> (folder: URL, rest: String) {
    let file = url.standardizedFileURL
    var folder = file.deletingLastPathComponent()
    var rest = [file.lastPathComponent]
    var info = stat()
    while folder.path != "/", stat(folder.path, &info) != 0 {
      rest.insert(folder.lastPathComponent, at: 0)
      folder = folder.deletingLastPathComponent()
    }
    return (folder, rest.joined(separator: "/"))
  }
}
