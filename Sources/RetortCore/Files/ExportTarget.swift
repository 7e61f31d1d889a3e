package import Foundation

/// A file that retort may write, and what names it as retort's own.
package struct ExportTarget: Hashable, Sendable {
  package enum Role: String, Hashable, Sendable {
    /// What an export is for: rows, a card, a recipe.
    case data
    case manifest
    case report
  }

  package let url: URL
  package let role: Role
  /// The manifest that names a data file by its SHA-256; nil for what no manifest lists.
  package let manifest: URL?

  package init(_ url: URL, as role: Role = .data, listedIn manifest: URL? = nil) {
    self.url = url
    self.role = role
    self.manifest = manifest
  }

  /// What it is called until it is whole.
  package var partial: URL {
    url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent).partial")
  }
}

/// Remembers which files are retort's own; a run's store does, so that a process that died between a file and its
/// manifest leaves no file that the next one does not know.
package protocol FileLedger: Sendable {
  /// What of the ledger's own a path leads to, which nothing may be written to or read at; nil for any other path.
  func owns(_ url: URL) -> String?
  /// The SHA-256s, 64 hex digits each, of what was put at the target's path, or was about to be.
  func hashes(of target: ExportTarget) async throws -> Set<String>
  /// Notes what is about to be put in its place; it outlives the process, and the machine's death, once this returns.
  func note(_ files: [(target: ExportTarget, sha256: String)]) async throws
  /// The inode of the unfinished file that was begun last for the target.
  func partial(of target: ExportTarget) async throws -> UInt64?
  func note(partial inode: UInt64, of target: ExportTarget) async throws
  /// A file of retort's that somebody had changed was given another name.
  func kept(_ file: KeptFile)
  /// All of those.
  var kept: [KeptFile] { get }
}

extension FileLedger {
  package func owns(_ url: URL) -> String? { nil }
}

/// A file that was not as retort had written it, and the name under which it was kept.
package struct KeptFile: Codable, Hashable, Sendable {
  package let path: String
  package let keptAs: String

  package init(path: String, keptAs: String) {
    self.path = path
    self.keptAs = keptAs
  }

  enum CodingKeys: String, CodingKey {
    case path
    case keptAs = "kept_as"
  }
}
