internal import OrderedCollections
internal import RetortCore

/// The rows of a set by their column `group`, in whatever order they come. What the pipeline groups with `per:` comes
/// as sets of one group each, and gives the same.
struct RewardGroups<Member: Sendable>: Sendable {
  struct Group: Sendable {
    let name: String
    var ordinals: [Int] = []
    var members: [Member] = []
    /// Of the prompt, to tell that rows of different prompts share a name.
    fileprivate let prompt: Int
    fileprivate var isMixed = false

    fileprivate init(name: String, prompt: Int) {
      self.name = name
      self.prompt = prompt
    }
  }

  /// In the order of their first rows, each of two members or more.
  private(set) var groups: [Group] = []

  static var reads: [ColumnUse] {
    [ColumnUse("group"), ColumnUse("question", required: false), ColumnUse("prompt", required: false)]
  }

  /// Takes of each row what the formulas need. Rows that cannot be read are dropped for what `member` says, and the
  /// others of their group go on without them; groups of one, and groups whose rows have different prompts, are
  /// dropped whole.
  init(
    of rows: RowSet<Columns>, dropping sink: some SetSink, member: (Columns) throws(BadRow) -> Member
  ) async throws {
    var found: [Group] = []
    var places: [JSON: Int] = [:]
    for try await row in rows {
      do throws(BadRow) {
        let key = try Self.key(row.value)
        let member = try member(row.value)
        let prompt = [row.value["question"], row.value["prompt"]].hashValue
        let place = places[key] ?? found.count
        if place == found.count {
          places[key] = place
          found.append(Group(name: key.string ?? key.text, prompt: prompt))
        }
        found[place].ordinals.append(row.ordinal)
        found[place].members.append(member)
        if found[place].prompt != prompt { found[place].isMixed = true }
      } catch {
        try await sink.drop(row.ordinal, reason: error.reason, detail: error.detail)
      }
    }
    for group in found {
      if let bad = Self.complaint(about: group) {
        for ordinal in group.ordinals {
          try await sink.drop(ordinal, reason: bad.reason, detail: bad.detail)
        }
      } else {
        groups.append(group)
      }
    }
  }

  private static func complaint(about group: Group) -> BadRow? {
    if group.isMixed {
      return BadRow(
        "mixed group",
        "expected one prompt in group '\(group.name)', found several in 'question' or 'prompt'")
    }
    return group.members.count == 1
      ? BadRow("group of one", "expected two or more rows to compare in group '\(group.name)', found one")
      : nil
  }

  /// `7` and `7.0` are one group, `7` and `"7"` are two.
  private static func key(_ row: Columns) throws(BadRow) -> JSON {
    switch row["group"] {
    case nil, .null: throw BadRow("no group", "expected a value in 'group', found none")
    case .double(let number): return Int64(exactly: number).map { .int($0) } ?? .double(number)
    case let key?: return key
    }
  }
}

extension Columns {
  /// A finite number; Booleans count as 1 and 0.
  func reward(_ column: String) throws(BadRow) -> Double {
    if let flag = self[column]?.bool { return flag ? 1 : 0 }
    if isUnread(column) { throw Self.unreadable(column) }
    return try number(column, reason: "bad reward")
  }

  /// A finite number above 0.
  func length(_ column: String = "length") throws(BadRow) -> Double {
    let length = try number(column, reason: "bad length")
    guard length > 0 else {
      throw BadRow("bad length", "expected a number above 0 in '\(column)', found \(length)")
    }
    return length
  }

  /// A Boolean, or 1 or 0. Any other number is refused: whether -1 means wrong, nobody says.
  func flag(_ column: String) throws(BadRow) -> Bool {
    if let flag = self[column]?.bool { return flag }
    if isUnread(column) { throw Self.unreadable(column) }
    let number = self[column]?.number
    guard number == 1 || number == 0 else {
      throw BadRow("bad \(column)", "expected true or false in '\(column)', found \(found(column))")
    }
    return number == 1
  }

  /// Whether a column is null, as `verify-answer` leaves what it cannot read: neither right nor wrong.
  func isUnread(_ column: String) -> Bool {
    guard self[column]?.isNull ?? false else { return false }
    return column == "correct" || column == "reward" || self["correct"]?.isNull ?? false
  }

  static func unreadable(_ column: String) -> BadRow {
    BadRow("answer unreadable", "expected a verdict in '\(column)', found null: no answer could be read")
  }

  func number(_ column: String, reason: String) throws(BadRow) -> Double {
    guard let number = self[column]?.number, number.isFinite else {
      throw BadRow(reason, "expected a finite number in '\(column)', found \(found(column))")
    }
    return number
  }

  func found(_ column: String) -> String {
    guard let value = self[column] else { return "nothing" }
    return value.number.map { "\($0)" } ?? value.kind
  }
}
