internal import Foundation
internal import Synchronization

/// Files and folders that are of no use unless the work on them comes to its end: what a signal ends takes them along.
package enum Leftovers {
  private static let paths = Mutex<Set<String>>([])

  package static func add(_ path: String) { paths.withLock { _ = $0.insert(path) } }
  package static func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }

  package static func removeAll() {
    for path in paths.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
  }
}
