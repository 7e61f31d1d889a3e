/// The fewest documents that state every fact of a question: its minimum source dispersion (REDSearcher, section 2; facts
/// covered by documents is this project's reading of "resolve all nodes").
struct DocumentCover: Hashable, Sendable {
  /// Places of documents, ascending.
  let documents: [Int]
  /// Whether no smaller cover exists; else the smallest that was found.
  let isExact: Bool

  /// Most facts of a question.
  static let mostFacts = 64
  /// Most partial covers that are looked at.
  private static let mostSteps = 50_000

  /// - Parameters:
  ///   - facts: how many, 1 to ``mostFacts``.
  ///   - documents: the facts that each states, by number.
  /// - Returns: nil where some fact is stated by none.
  static func least(facts: Int, documents: [[Int]]) -> DocumentCover? {
    let all = facts == 64 ? UInt64.max : (1 << UInt64(facts)) - 1
    let masks = documents.map { $0.reduce(UInt64(0)) { $0 | 1 << UInt64($1) } & all }
    guard masks.reduce(0, |) == all else { return nil }
    var search = Search(masks: undominated(masks), all: all)
    search.run()
    return DocumentCover(documents: search.best.sorted(), isExact: search.steps <= mostSteps)
  }

  /// - Parameter facts: the names of the documents that state each, 1 to ``mostFacts`` of them.
  /// - Returns: the names of a cover's documents, ascending; nil where some fact is stated by none.
  static func least(statedBy facts: [Set<String>]) -> (documents: [String], isExact: Bool)? {
    let names = facts.reduce(into: Set()) { $0.formUnion($1) }.sorted()
    let stated = names.map { name in facts.indices.filter { facts[$0].contains(name) } }
    return least(facts: facts.count, documents: stated).map { cover in
      (cover.documents.map { names[$0] }, cover.isExact)
    }
  }

  /// Those that state something that no other states along with all they do; the first of equal ones.
  private static func undominated(_ masks: [UInt64]) -> [(place: Int, mask: UInt64)] {
    var kept: [(place: Int, mask: UInt64)] = []
    let order = masks.indices.sorted {
      (-masks[$0].nonzeroBitCount, $0) < (-masks[$1].nonzeroBitCount, $1)
    }
    for place in order where masks[place] != 0 {
      if !kept.contains(where: { masks[place] & ~$0.mask == 0 }) { kept.append((place, masks[place])) }
    }
    return kept
  }

  /// Branch and bound: the fact that the fewest documents state is covered next.
  private struct Search {
    let masks: [(place: Int, mask: UInt64)]
    let all: UInt64
    /// Each fact, as a bit, with the documents that state it; those that the fewest state first.
    let byRarity: [(fact: UInt64, documents: [(place: Int, mask: UInt64)])]
    var best: [Int] = []
    var steps = 0

    init(masks: [(place: Int, mask: UInt64)], all: UInt64) {
      self.masks = masks
      self.all = all
      byRarity = (0..<UInt64(all.nonzeroBitCount)).map { number in
        (1 << number, masks.filter { $0.mask & (1 << number) != 0 })
      }.sorted { $0.documents.count < $1.documents.count }
    }

    mutating func run() {
      best = greedy()
      cover(all, with: [])
    }

    private func greedy() -> [Int] {
      var chosen: [Int] = []
      var left = all
      while left != 0 {
        let next = masks.max { ($0.mask & left).nonzeroBitCount < ($1.mask & left).nonzeroBitCount }
        guard let next else { break }
        chosen.append(next.place)
        left &= ~next.mask
      }
      return chosen
    }

    private mutating func cover(_ left: UInt64, with chosen: [Int]) {
      steps += 1
      if left == 0 {
        if chosen.count < best.count { best = chosen }
        return
      }
      let most = masks.reduce(0) { max($0, ($1.mask & left).nonzeroBitCount) }
      let needed = (left.nonzeroBitCount + most - 1) / most
      guard chosen.count + needed < best.count, steps <= DocumentCover.mostSteps else { return }
      for document in options(left) {
        cover(left & ~document.mask, with: chosen + [document.place])
      }
    }

    /// The documents that state the rarest fact that is left, those that state most beside it first.
    private func options(_ left: UInt64) -> [(place: Int, mask: UInt64)] {
      guard let rarest = byRarity.first(where: { left & $0.fact != 0 }) else { return [] }
      return rarest.documents.sorted { ($0.mask & left).nonzeroBitCount > ($1.mask & left).nonzeroBitCount }
    }
  }
}
