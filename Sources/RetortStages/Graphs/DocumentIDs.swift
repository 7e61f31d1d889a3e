internal import RetortCore

/// What the documents of a corpus are called: by their ids, and by their place where that is another's or none.
struct DocumentIDs {
  private var seen: Set<String> = []

  /// - Parameter ordinal: place in the corpus, from 0.
  mutating func id(of row: Columns, at ordinal: Int) -> String {
    guard let id = row["id"]?.string else { return "document \(ordinal + 1)" }
    return seen.insert(id).inserted ? id : "\(id) (document \(ordinal + 1))"
  }
}
