internal import OrderedCollections
internal import RetortCore

/// How well one output agrees with another of the same structure, from 0 to 1; ours.
enum StructuredF1 {
  /// Texts agree by the F1 of their words, objects by the mean over the reference's fields, lists by the F1 of their
  /// items, each matched in order with the free item of the reference that it agrees with best, at half or better, and
  /// counted by how well; everything else by being equal.
  static func of(_ found: JSON, reference: JSON) -> Double {
    switch (found, reference) {
    case (.string(let found), .string(let reference)): WordList(found).f1(with: WordList(reference))
    case (.array(let found), .array(let reference)): items(found, reference)
    case (.object(let found), .object(let reference)): fields(found, reference)
    default: found == reference ? 1 : 0
    }
  }

  private static func fields(_ found: JSON.Object, _ reference: JSON.Object) -> Double {
    guard !reference.isEmpty else { return found.isEmpty ? 1 : 0 }
    return reference.reduce(0) { $0 + of(found[$1.key] ?? .null, reference: $1.value) }
      / Double(reference.count)
  }

  private static func items(_ found: [JSON], _ reference: [JSON]) -> Double {
    guard !found.isEmpty, !reference.isEmpty else { return found.isEmpty && reference.isEmpty ? 1 : 0 }
    var free = reference
    var agreed = 0.0
    for item in found {
      let agreement = free.map { of(item, reference: $0) }
      guard let best = Preference.best(agreement), agreement[best] >= 0.5 else { continue }
      agreed += agreement[best]
      free.remove(at: best)
    }
    return 2 * agreed / Double(found.count + reference.count)
  }
}
