import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore

struct WaitersTests {
  private let waiters = Waiters<Bool, String, Int>(false)

  private func waiting(under key: String) -> Task<Int, any Error> {
    Task { [waiters] in try await waiters.wait(under: key) { $0 ? 0 : nil } }
  }

  @Test func whoNeedNotWaitIsAnsweredAtOnce() async throws {
    waiters.withState { $0 = true }
    #expect(try await waiting(under: "a").value == 0)
    #expect(waiters.count == 0)
  }

  @Test func anErrorIsNotWaitedFor() async {
    await #expect(throws: Halt.interrupted) {
      _ = try await waiters.wait(under: "a") { _ in throw Halt.interrupted }
    }
  }

  @Test func theFirstOfAKeyGoesFirst() async throws {
    let order = Order()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (place, name) in ["a1", "b1", "a2", "a3"].enumerated() {
        group.addTask { [waiters] in
          let answer = try await waiters.wait(under: String(name.prefix(1))) { $0 ? 0 : nil }
          order.add("\(name) \(answer)")
        }
        #expect(await turn { waiters.count == place + 1 })
      }
      for (place, key) in ["a", "a", "b", "a"].enumerated() {
        #expect(waiters.change { $1.releaseFirst(under: key, with: place) })
        #expect(await turn { order.all.count == place + 1 })
      }
      try await group.waitForAll()
    }
    #expect(order.all == ["a1 0", "a2 1", "b1 2", "a3 3"])
    #expect(waiters.change { $1.releaseFirst(under: "a", with: 9) } == false)
  }

  @Test func allOfAKeyGoTogetherAndNoOthers() async throws {
    let (one, two, other) = (waiting(under: "a"), waiting(under: "a"), waiting(under: "b"))
    #expect(await turn { waiters.count == 3 })
    waiters.change { _, queues in
      #expect(Set(queues.keys) == ["a", "b"])
      queues.releaseAll(under: "a", with: 7)
    }
    #expect(try await [one.value, two.value] == [7, 7])
    #expect(waiters.count == 1)
    waiters.change { $1.releaseAll(under: "b", with: 8) }
    #expect(try await other.value == 8)
  }

  @Test func whoIsCancelledLeavesAndIsPassedOver() async throws {
    let first = waiting(under: "a")
    #expect(await turn { waiters.count == 1 })
    let second = waiting(under: "a")
    #expect(await turn { waiters.count == 2 })
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(waiters.count == 1)
    #expect(waiters.change { $1.releaseFirst(under: "a", with: 5) })
    #expect(try await second.value == 5)
    waiters.change { _, queues in #expect(queues.keys.isEmpty) }
  }

  @Test func whoWasCancelledBeforeDoesNotWait() async {
    let gate = Gate()
    let late = Task { [waiters] in
      await gate.pass()
      return try await waiters.wait(under: "a") { $0 ? 0 : nil }
    }
    late.cancel()
    gate.open()
    await #expect(throws: CancellationError.self) { try await late.value }
    #expect(waiters.count == 0)
  }

  @Test func manyLeaveAndTheOrderStays() async throws {
    var tasks: [Task<Int, any Error>] = []
    for place in 0..<100 {
      tasks.append(waiting(under: "a"))
      #expect(await turn { waiters.count == place + 1 })
    }
    for task in tasks[..<99] { task.cancel() }
    #expect(await turn { waiters.count == 1 })
    waiters.change { $1.releaseFirst(under: "a", with: 3) }
    #expect(try await tasks[99].value == 3)
  }
}

private final class Order: Sendable {
  private let names = Mutex<[String]>([])
  var all: [String] { names.withLock { $0 } }
  func add(_ name: String) { names.withLock { $0.append(name) } }
}
