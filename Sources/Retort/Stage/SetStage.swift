internal import OrderedCollections

/// A stage that needs its whole input, or a group of it: a reader (no input), induction, de-duplication, a split,
/// an export.
package protocol SetStage: StageKind {
  /// Answers every row of `rows` exactly once through `sink` (kept, dropped, or made into something new).
  func process(_ rows: RowSet<Input>, into sink: SetSink<Output>) async throws
}

/// The rows of a set in the order of their ordinal paths. It may be walked more than once; payloads are streamed
/// from the store, not held.
package struct RowSet<Value: Decodable & Sendable>: Sendable, AsyncSequence {
  package struct Element: Sendable {
    /// Position in the set, from 0; what the sink is answered with.
    package let ordinal: Int
    /// The row's identifier as people see it, `r_…`.
    package let id: String
    package let value: Value
    /// The whole row, for stages that pass the user's own columns on (exports).
    package let row: Row
  }

  package typealias Failure = any Error

  package let count: Int
  /// False when a row was lost to a failure upstream that the pipeline turned into a drop.
  package let isComplete: Bool
  /// Rows `offset ..< offset + limit`, in order.
  let page: @Sendable (_ offset: Int, _ limit: Int) async throws -> [(id: String, row: Row)]

  package init(
    count: Int, isComplete: Bool = true,
    page: @escaping @Sendable (_ offset: Int, _ limit: Int) async throws -> [(id: String, row: Row)]
  ) {
    self.count = count
    self.isComplete = isComplete
    self.page = page
  }

  /// A set held in memory.
  package init(_ rows: [Row]) {
    self.init(count: rows.count) { offset, limit in
      rows[offset..<Swift.min(rows.count, offset + limit)].map { (RowID.text(Digest(of: $0.json)), $0) }
    }
  }

  package struct AsyncIterator: AsyncIteratorProtocol {
    let set: RowSet
    var buffer: ArraySlice<(id: String, row: Row)> = []
    var next = 0

    package mutating func next() async throws -> Element? {
      if buffer.isEmpty {
        guard next < set.count else { return nil }
        buffer = try await set.page(next, 256)[...]
      }
      guard let (id, row) = buffer.popFirst() else { return nil }
      defer { next += 1 }
      return Element(ordinal: next, id: id, value: try row.view(as: Value.self), row: row)
    }
  }

  package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(set: self) }

  /// Every value in memory: for sets that are small by nature, such as labelled examples.
  package func all() async throws -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for try await element in self { elements.append(element) }
    return elements
  }
}

/// Where a set stage puts its answers. Answers may come in any order; output rows keep the order of the set.
package struct SetSink<Output: Encodable & Sendable>: Sendable {
  let accept: @Sendable (SetAnswer) async throws -> Void

  package init(accept: @escaping @Sendable (SetAnswer) async throws -> Void) { self.accept = accept }

  /// The row goes on with more columns.
  package func keep(_ ordinal: Int, adding output: Output) async throws {
    try await accept(.keep(ordinal, try JSON(encoding: output).object ?? [:]))
  }

  /// The row ends here.
  package func drop(_ ordinal: Int, reason: String, detail: String = "") async throws {
    try await accept(.drop(ordinal, reason: reason, detail: detail))
  }

  /// A new row made from some rows of the set; they count as emitted. A reader's rows have no members.
  package func make(_ output: Output, from members: [Int] = []) async throws {
    try await accept(.make(try JSON(encoding: output).object ?? [:], members: members))
  }

  /// The row was used, and nothing of its own comes out.
  package func consume(_ ordinal: Int) async throws { try await accept(.consume(ordinal)) }

  /// A reader's record that could not be read: counted in, and dropped.
  package func reject(reason: String, detail: String) async throws {
    try await accept(.reject(reason: reason, detail: detail))
  }
}

/// One answer of a set stage, as the engine takes it.
package enum SetAnswer: Hashable, Sendable {
  case keep(Int, JSON.Object)
  case drop(Int, reason: String, detail: String)
  case consume(Int)
  case make(JSON.Object, members: [Int])
  case reject(reason: String, detail: String)
}
