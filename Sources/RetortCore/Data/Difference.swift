internal import OrderedCollections

/// A field at which two configurations differ, such as `stages.rationale.with.samples`.
package struct Difference: Codable, Hashable, Sendable, CustomStringConvertible {
  package let path: String
  /// Nil where only the other one has the field.
  package let old: JSON?
  package let new: JSON?

  package init(path: String, old: JSON?, new: JSON?) {
    self.path = path
    self.old = old
    self.new = new
  }

  /// The fields that differ, in the order of `new` and then of `old`.
  package static func between(_ old: JSON, _ new: JSON, at path: String = "") -> [Difference] {
    guard let left = old.object, let right = new.object else {
      return old == new ? [] : [Difference(path: path, old: old, new: new)]
    }
    var names = OrderedSet(right.keys)
    names.formUnion(left.keys)
    return names.flatMap { name -> [Difference] in
      let place = path.isEmpty ? name : "\(path).\(name)"
      guard let before = left[name], let after = right[name] else {
        return [Difference(path: place, old: left[name], new: right[name])]
      }
      return between(before, after, at: place)
    }
  }

  /// The path with short values; of long ones (prompts) the path says enough.
  package var description: String {
    if isOfContent { return place }
    guard let old = Self.shown(old), let new = Self.shown(new) else { return path }
    return "\(path): \(old) → \(new)"
  }

  /// The path, and that it is about what is in a file.
  package var place: String { isOfContent ? "content of \(path)" : path }

  /// Whether the files are the same ones by their names, as far as can be told, and what is in them is not: a key that
  /// names files holds their digests.
  package var isOfContent: Bool {
    guard let old, let new, old != new else { return false }
    if Self.isDigest(old) { return Self.isDigest(new) }
    guard let before = old.array, let after = new.array, before.count == after.count else { return false }
    return zip(before, after).allSatisfy { $0 == $1 || Self.isDigest($0) && Self.isDigest($1) }
  }

  private static func isDigest(_ value: JSON) -> Bool {
    value.string?.wholeMatch(of: /r[0-9]+:[0-9a-f]{64}/) != nil
  }

  private static func shown(_ value: JSON?) -> String? {
    guard let value else { return "none" }
    let text = value.text
    return text.count <= 40 ? text : nil
  }
}
