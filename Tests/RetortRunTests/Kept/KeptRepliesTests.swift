import Foundation
import OrderedCollections
import RetortStore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// Every reply of a kept store is found again by what is asked today, whatever the stages that asked are now: the acts
/// are asked anew, each with what the store says that it was asked with.
@Suite struct KeptRepliesTests {
  /// The first, which lacks some acts, and the last, which has all.
  @Test(arguments: [KeptStore.schemas.first, KeptStore.schemas.last])
  func everyReplyIsRecalled(schema: Int?) async throws {
    let kept = try KeptStore(#require(schema))
    let recalled = Recalled(kept.store)
    let ids = try await kept.store.inspector.table("SELECT id FROM reply").rows.compactMap(\.first?.int)
    let calls = try await kept.store.inspector.calls(ids)
    for pipeline in kept.pipelines {
      let models = kept.models(of: pipeline, memory: recalled)
      for model in pipeline.models.values.map({ ModelRef($0) }) {
        for take in 0...1 {
          await Self.ask(model, calls, models.asked(by: CallOrigin(stage: "s", take: take)))
        }
      }
    }
    let lost = calls.filter { !recalled.ids.contains($0.id) }
    #expect(lost.map { "\($0.stage) \($0.parameters.text) \($0.prompt.text.prefix(200))" } == [])
  }

  /// Asks all that such a model may have been asked; what was asked of another, or in another draw, comes to nothing.
  private static func ask(_ model: ModelRef, _ calls: [RecordedCall], _ models: any ModelProvider)
    async
  {
    let own = calls.filter { $0.model == model.spec.name }
    switch model.spec.kind {
    case .chat, .judge:
      for request in own.flatMap({ Self.requests($0, model.spec) }) {
        _ = try? await models.chat(model).reply(to: request)
      }
    case .embedding:
      _ = try? await models.embedding(model).embed(own.compactMap { $0.prompt.array?.first?.string })
    case .vllmLogprobs, .llamaLogprobs:
      // The completion's tokens are asked for as a text, those before it as messages or as what a template made of them.
      let texts = Set(own.compactMap(\.prompt.string) + own.compactMap { $0.parameters["content"]?.string })
      for messages in Set(own.compactMap { Self.messages($0.prompt) }) {
        for text in texts { _ = try? await models.scorer(model).logprobs(of: text, after: messages) }
      }
    default:
      // Some servers take a transcript: the conversations are those of a server that takes messages.
      for conversation in Set(calls.filter { $0.model == "rm" }.compactMap { Self.messages($0.prompt) }) {
        _ = try? await models.reward(model).score(conversation)
      }
    }
  }

  private static func messages(_ prompt: JSON) -> [ChatMessage]? {
    prompt.array.flatMap { turns in
      let messages = turns.compactMap { turn in
        turn["role"]?.string.flatMap(ChatMessage.Role.init(rawValue:)).map {
          ChatMessage($0, turn["content"]?.string ?? "")
        }
      }
      return messages.count == turns.count ? messages : nil
    }
  }

  /// The request in every draw that it may have been.
  private static func requests(_ call: RecordedCall, _ model: ModelSpec) -> [ChatRequest] {
    guard let messages = messages(call.prompt) else { return [] }
    let settings = call.parameters
    let stop = settings["stop"]?.array?.compactMap(\.string)
    return (0..<8).map { draw in
      let sampling = Sampling(
        temperature: settings["temperature"]?.number, topP: settings["top_p"]?.number,
        seed: settings["seed"]?.int.map { Int($0) - draw },
        maxTokens: settings["max_tokens"]?.int.map { Int($0) },
        stop: stop)
      return ChatRequest(
        messages, sampling: sampling, schema: settings["response_format"]?["json_schema"]?["schema"],
        topLogprobs: settings["top_logprobs"]?.int.map { Int($0) }, draw: draw)
    }
  }
}

/// A store's replies; which of them were recalled is noted, and nothing is written.
private final class Recalled: ReplyMemory {
  private let store: Store
  private let noted = Mutex<Set<Int64>>([])
  var ids: Set<Int64> { noted.withLock { $0 } }

  init(_ store: Store) { self.store = store }

  func recall(_ request: Digest) async throws -> RawReply? {
    let reply = try await store.replies.recall(request)
    if let reply { noted.withLock { _ = $0.insert(reply.call) } }
    return reply
  }

  func remember(_ call: Call, _ reply: RawReply) async throws -> Int64 { 0 }
  func failed(_ call: Call, _ failure: FailedCall) async throws {}
}
