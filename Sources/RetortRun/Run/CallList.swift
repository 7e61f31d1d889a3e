internal import RetortCore
internal import RetortStore
internal import Synchronization

/// The calls that a step used, in order.
final class CallList: Sendable {
  private let calls = Mutex<[UsedCall]>([])

  func append(_ call: Int64) {
    let used = UsedCall(reply: call, sample: StepContext.sample)
    calls.withLock { $0.append(used) }
  }

  var list: [UsedCall] { calls.withLock { $0 } }
}
