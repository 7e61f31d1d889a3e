internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// A call as text: what it took, who used it, what was asked as it was sent, and what came as it came.
enum CallPage {
  static func lines(_ call: RecordedCall, _ uses: [CallUse], screen: Int?) -> [String] {
    let asked =
      call.run.map { "asked by \(call.stage) in run \($0), \(call.at) UTC" } ?? "asked \(call.at) UTC"
    var lines = ShowPage.said([head(call), asked] + uses.map(line), screen: screen)
    if uses.isEmpty { lines.append("used by no step that the store has") }
    lines += ["parameters"] + body(call.parameters.text, screen)
    lines += ["prompt"] + prompt(call.prompt, screen)
    for (number, choice) in call.texts.enumerated() {
      lines.append(call.texts.count == 1 ? "reply" : "reply \(number + 1)")
      if !choice.reasoning.isEmpty { lines += ShowPage.field("reasoning", choice.reasoning, screen: screen) }
      lines += body(choice.text, screen)
    }
    for spoken in call.spokenCalls {
      lines += ["calls \(Terminal.safe(spoken.name))"] + body(spoken.arguments, screen)
    }
    return lines + ["raw reply"] + body(call.body, screen)
  }

  static func json(_ call: RecordedCall, _ uses: [CallUse]) throws -> JSON {
    .object([
      "call": .string("c_\(call.id)"), "model": .string(call.model), "run": call.run.map(JSON.int) ?? .null,
      "stage": .string(call.stage), "at": .string(call.at), "prompt_tokens": .int(Int64(call.promptTokens)),
      "completion_tokens": .int(Int64(call.completionTokens)),
      "cached_tokens": .int(Int64(call.cachedTokens)),
      "usd": call.usd.map(JSON.double) ?? .null, "seconds": .double(call.seconds),
      "attempts": .int(Int64(call.attempts)), "used_by": try JSON(encoding: uses),
      "parameters": call.parameters,
      "prompt": call.prompt, "reply": .string(call.body),
    ])
  }

  private static func head(_ call: RecordedCall) -> String {
    let cached = call.cachedTokens > 0 ? " (\(call.cachedTokens) cached)" : ""
    let usd = call.usd.map { "USD \(Figure.money($0))" } ?? "no price"
    let tries = call.attempts == 1 ? "1 attempt" : "\(call.attempts) attempts"
    return
      "c_\(call.id)  \(call.model)  \(call.promptTokens) tokens in\(cached), \(call.completionTokens) out, "
      + "\(usd), \(String(format: "%.1f", call.seconds)) s, \(tries)"
  }

  private static func line(_ use: CallUse) -> String {
    let row = use.row.map { ": \($0) (\(use.source ?? ""))" } ?? ""
    if let failure = use.failure {
      return "failed with it at \(use.stage)\(row) in run \(use.run ?? 0): \(failure)"
    }
    let more = use.rows > 1 ? " and \(use.rows - 1) more" : ""
    let run = use.run.map { " in run \($0)" } ?? ", in no run that is kept"
    return "used by \(use.stage)\(row)\(more)\(run)"
  }

  private static func prompt(_ prompt: JSON, _ screen: Int?) -> [String] {
    guard let messages = prompt.array, !messages.isEmpty, messages.allSatisfy({ $0["role"]?.string != nil })
    else { return body(prompt.string ?? prompt.text, screen) }
    return messages.flatMap { message in
      let content = message["content"].map(ImageWords.text) ?? ""
      let calls = SpokenCall.all(in: message).flatMap {
        ShowPage.field("calls \($0.name)", $0.arguments, screen: screen)
      }
      let role = [message["role"]?.string, message["name"]?.string].compactMap { $0 }.joined(separator: " ")
      return (content.isEmpty && !calls.isEmpty ? [] : ShowPage.field(role, content, screen: screen)) + calls
    }
  }

  private static func body(_ text: String, _ screen: Int?) -> [String] {
    guard let screen else { return [Terminal.harmless(text)] }
    return ShowPage.folded(text, indented: 2, width: screen - 2, limit: 2 * ShowPage.linesOfValue)
  }
}
