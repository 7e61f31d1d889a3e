internal import OrderedCollections
internal import RetortCore

/// The rows of a set by a column that names their group, groups of one included.
struct FeedbackGroups<Member: Sendable>: Sendable {
  struct Group: Sendable {
    let name: JSON
    var ordinals: [Int] = []
    var members: [Member] = []
  }

  /// In the order of their first rows.
  private(set) var all: [Group] = []

  /// Rows that cannot be read are dropped for what `member` says.
  init(
    of rows: RowSet<Columns>, by column: String = "group", dropping sink: some SetSink,
    member: (Columns) throws(BadRow) -> Member
  ) async throws {
    var places: [JSON: Int] = [:]
    for try await row in rows {
      do throws(BadRow) {
        guard let name = row.value[column], !name.isNull else {
          throw BadRow("no group", "expected a value in '\(column)', found none")
        }
        let member = try member(row.value)
        let place = places[name] ?? all.count
        if place == all.count {
          places[name] = place
          all.append(Group(name: name))
        }
        all[place].ordinals.append(row.ordinal)
        all[place].members.append(member)
      } catch {
        try await sink.drop(row.ordinal, reason: error.reason, detail: error.detail)
      }
    }
  }
}

extension RowSet {
  /// The rows at some places of the set, in that order.
  func items(at ordinals: [Int]) async throws -> [Item] {
    var items: [Item] = []
    for ordinal in ordinals { items += try await page(ordinal, 1) }
    return items
  }
}
