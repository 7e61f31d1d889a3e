internal import Foundation
internal import Synchronization

/// Remembers files for as long as it lives: for stages outside a run.
package final class MemoryLedger: FileLedger {
  private struct Notes {
    var hashes: [ExportTarget: Set<String>] = [:]
    var partials: [ExportTarget: UInt64] = [:]
    var kept: [KeptFile] = []
  }
  private let notes = Mutex(Notes())

  package init() {}

  package var kept: [KeptFile] { notes.withLock { $0.kept } }

  package func hashes(of target: ExportTarget) -> Set<String> { notes.withLock { $0.hashes[target] ?? [] } }

  package func note(_ files: [(target: ExportTarget, sha256: String)]) {
    notes.withLock { notes in
      for file in files { notes.hashes[file.target, default: []].insert(file.sha256) }
    }
  }

  package func partial(of target: ExportTarget) -> UInt64? { notes.withLock { $0.partials[target] } }

  package func note(partial inode: UInt64, of target: ExportTarget) {
    notes.withLock { $0.partials[target] = inode }
  }

  package func kept(_ file: KeptFile) { notes.withLock { $0.kept.append(file) } }
}
