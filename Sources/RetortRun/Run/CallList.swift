internal import RetortCore
internal import RetortStore
internal import Synchronization

/// What a step used, replies and tools' results, in order.
final class CallList: Sendable {
  private let calls = Mutex<[UsedCall]>([])

  /// Through which a step tells what it uses.
  var context: StepContext {
    StepContext {
      self.append(.reply($0))
    } usedTool: {
      self.append(.tool($0, turn: $1))
    }
  }

  private func append(_ content: UsedCall.Content) {
    // What nobody keeps has no number.
    if case .tool(0, _) = content { return }
    let used = UsedCall(content, sample: StepContext.sample)
    calls.withLock { $0.append(used) }
  }

  var list: [UsedCall] { calls.withLock { $0 } }
}
