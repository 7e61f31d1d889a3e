internal import Foundation
internal import RetortCore

/// Where a run was made: by which user, on which machine. What a store remembers of a run that was made elsewhere is
/// performed only when somebody says so.
///
/// Hashed, since a store is shown to others. It tells whose a store is; it is no signature, and whoever knows this user
/// and this machine can make one.
enum Home {
  static let here = digest(
    user: geteuid(),
    machine: ["/etc/machine-id", "/var/lib/dbus/machine-id"].lazy
      .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
      .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.first { !$0.isEmpty }
      ?? ProcessInfo.processInfo.hostName)

  static func digest(user: UInt32, machine: String) -> String {
    Digest(of: ["user": .int(Int64(user)), "machine": .string(machine)]).hex
  }
}
