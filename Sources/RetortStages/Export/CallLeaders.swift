internal import RetortCore

/// The rows that are written first, one for each file: loaders learn the keys of a turn from the first lines, so that one
/// with a call must be among them.
enum CallLeaders {
  /// By their ordinals.
  static func ordinals(
    of rows: RowSet<Columns>, by split: SplitColumn?, where hasCalls: (Columns) -> Bool
  ) async throws -> Set<Int> {
    var found: [Bool: Int] = [:]
    for try await row in rows {
      let isHeld = (try? split?.isHeld(row.value)) ?? false
      guard found[isHeld] == nil, hasCalls(row.value) else { continue }
      found[isHeld] = row.ordinal
      if split == nil || found.count == 2 { break }
    }
    return Set(found.values)
  }
}
