import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct LogprobEndpointTests {
  private static func spec(_ kind: ModelSpec.Kind) -> ModelSpec {
    ModelSpec(alias: "p", name: "p", kind: kind)
  }

  @Test func vllmReportsThePromptItReads() async throws {
    let caller = ScriptedCaller { call, _ in
      switch call.path {
      case "/tokenize":
        return RawReply(body: call.body["messages"] != nil ? #"{"tokens":[1,2,3]}"# : #"{"tokens":[7,8]}"#)
      default:
        #expect(call.body["prompt"] == [1, 2, 3, 7, 8])
        return RawReply(
          body: #"{"choices":[{"prompt_logprobs":[null,{"2":{"logprob":-9}},{"3":{"logprob":-9}},"#
            + #"{"5":{"logprob":-0.1},"7":{"logprob":-0.5,"decoded_token":"a"}},{"8":{"logprob":-1.5}}]}]}"#)
      }
    }
    let found = try await LogprobEndpoint(Self.spec(.vllmLogprobs), through: caller)
      .logprobs(of: "ab", after: [.user("q")])
    #expect(found == [TokenLogprob("a", -0.5), TokenLogprob("", -1.5)])
    #expect(caller.calls.map(\.path) == ["/tokenize", "/tokenize", "completions"])
    #expect(caller.calls[0].body["add_generation_prompt"] == true)
  }

  @Test func llamaWritesTheCompletionAgain() async throws {
    let caller = ScriptedCaller { call, _ in
      switch call.path {
      case "/apply-template": return RawReply(body: #"{"prompt":"<q>"}"#)
      case "/tokenize":
        return RawReply(body: call.body["content"] == "<q>" ? #"{"tokens":[1]}"# : #"{"tokens":[7,8]}"#)
      default:
        #expect(call.body["grammar"] == "root ::= <[7]> <[8]>")
        #expect(call.body["n_predict"] == 2)
        return RawReply(
          body:
            #"{"completion_probabilities":[{"id":7,"token":"a","logprob":-0.5},{"id":8,"token":"b","logprob":-2}]}"#
        )
      }
    }
    let found = try await LogprobEndpoint(Self.spec(.llamaLogprobs), through: caller)
      .logprobs(of: "ab", after: [.user("q")])
    #expect(found == [TokenLogprob("a", -0.5), TokenLogprob("b", -2)])
  }

  @Test func otherTokensAreNoAnswer() async throws {
    let caller = ScriptedCaller { call, _ in
      RawReply(body: #"{"prompt":"","tokens":[7],"completion_probabilities":[{"id":9,"logprob":-1}]}"#)
    }
    await #expect(throws: ModelError.self) {
      try await LogprobEndpoint(Self.spec(.llamaLogprobs), through: caller).logprobs(of: "a", after: [])
    }
  }

}
