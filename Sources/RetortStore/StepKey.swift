package import Foundation
package import OrderedCollections
package import RetortCore

/// What identifies a step: one stage applied to one input. A step that the store holds is done.
package struct StepKey: Hashable, Sendable {
  /// The store's number for the digest of the stage's identity (``StageKey/identity(take:)``).
  package let fingerprint: Int64
  /// The digest of the row, or of the ordered rows of the set.
  package let input: Data

  package init(fingerprint: Int64, input: Data) {
    self.fingerprint = fingerprint
    self.input = input
  }
}

/// What the keys of a stage's steps have in common, but for the number of their take.
package struct StageKey: Hashable, Sendable {
  private let fields: JSON.Object
  /// Whether steps of earlier takes, the newest first, answer what the valid one does not.
  package let fallsBack: Bool

  /// - Parameters:
  ///   - stage: kind, version, resolved configuration and renames.
  ///   - sets: the digests of the sets under `using:`, by role.
  ///   - exportSuffix: what is added to the name of an export's file; empty where nothing is.
  package init(
    _ stage: JSON.Object, sets: OrderedDictionary<String, Digest> = [:], exportSuffix: String = "",
    fallsBack: Bool = true
  ) {
    var fields = stage
    if !sets.isEmpty { fields["using"] = .object(sets.mapValues { .string($0.description) }) }
    if !exportSuffix.isEmpty { fields["export_suffix"] = .string(exportSuffix) }
    self.fields = fields
    self.fallsBack = fallsBack
  }

  /// With the number of a take; that of the first has none.
  package func identity(take: Int) -> JSON {
    var identity = fields
    if take > 0 { identity["take"] = .int(Int64(take)) }
    return .object(identity)
  }

  /// The key of this and each earlier version, the newest first.
  var versions: [StageKey] {
    let newest = max(1, fields["version"]?.int ?? 1)
    return (1...newest).reversed().map { version in
      var earlier = fields
      earlier["version"] = .int(version)
      return StageKey(earlier, fallsBack: fallsBack)
    }
  }

  /// What a take belongs to: the stage without its version, since a later version answers the same question.
  var takeKey: Digest {
    var fields = fields
    fields["version"] = nil
    fields["take"] = nil
    return Digest(of: .object(fields))
  }
}
