import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Synchronization

extension Desk {
  /// A small project: three questions, a model that answers them, and a file of the answers that are numbers.
  static let project = [
    "p.yaml": """
    models:
      teacher: { endpoint: "${RETORT_URL}", name: gpt, concurrency: 1, retries: 0, price: { input: 2, output: 8 } }

    stages:
      questions: { uses: read-jsonl, with: { file: questions.jsonl, columns: [question] } }
      answers: { uses: generate, from: questions, with: { model: teacher, prompt: prompts/ask.mustache } }
      numbers: { uses: filter, from: answers, with: { where: [{ column: reply, matches: "[0-9]+" }] } }
      out: { uses: export-jsonl, from: numbers, with: { file: out/answers.jsonl, columns: [question, reply] } }

    """,
    "prompts/ask.mustache": "{{question}}",
    "questions.jsonl": """
    {"question": "What is 2 + 2?"}
    {"question": "What is 3 * 3?"}
    {"question": "Who are you?"}

    """,
  ]

  /// Knows the numbers, and a name for the rest.
  static func answer(_ prompt: String) -> StubAnswer {
    let texts = ["What is 2 + 2?": "4", "What is 3 * 3?": "9"]
    return reply(texts[prompt] ?? "A teacher.")
  }

  /// A completion of 12 tokens that go in and 5 that come out.
  static func reply(_ text: String) -> StubAnswer {
    .json(
      JSON.object([
        "model": "gpt",
        "choices": [["message": ["role": "assistant", "content": .string(text)], "finish_reason": "stop"]],
        "usage": ["prompt_tokens": 12, "completion_tokens": 5],
      ]).text)
  }

  /// The last message of a request for a completion.
  static func prompt(of request: StubRequest) -> String {
    (try? JSON(parsing: request.text).object?["messages"]?.array?.last?.object?["content"]?.string) ?? ""
  }
}

extension Desk {
  /// As ``answer(_:)``, but refuses some prompts, each so many times.
  static func refusing(_ prompts: String..., times: Int = .max) -> @Sendable (String) -> StubAnswer {
    let refused = Mutex<[String: Int]>([:])
    return { prompt in
      guard prompts.contains(prompt) else { return answer(prompt) }
      let before = refused.withLock { counts in
        counts[prompt, default: 0] += 1
        return counts[prompt, default: 0] - 1
      }
      return before < times ? .json(#"{"error":{"message":"no"}}"#, status: 500) : answer(prompt)
    }
  }
}
