internal import Foundation
internal import OrderedCollections

/// The reward act over the servers that score text, each in its own wire format. Raw scores are asked for where the
/// server can give them; else the activation is undone, and the score's `scale` says so.
package struct RewardEndpoint: RewardModel {
  private let model: ModelSpec
  private let origin: CallOrigin
  private let caller: any Caller

  package init(_ model: ModelSpec, for origin: CallOrigin = CallOrigin(), through caller: any Caller) {
    self.model = model
    self.origin = origin
    self.caller = caller
  }

  package func score(_ conversation: [ChatMessage]) async throws -> RewardScore {
    let raw = try await caller.answer(try call(conversation))
    let json: JSON
    do { json = try JSON(parsing: raw.body) } catch {
      throw ModelError(.malformed, status: raw.status, "expected a JSON reply: \(error)")
    }
    return try Self.score(json, from: model.kind)
  }

  func call(_ conversation: [ChatMessage]) throws -> Call {
    guard let last = conversation.last, last.role == .assistant else {
      throw ModelError(.unsupported, "expected a conversation that ends with the assistant's turn")
    }
    let messages = JSON.array(
      conversation.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] })
    let whole = JSON.string(Transcript.text(conversation))
    let before = JSON.string(Self.question(conversation.dropLast()))
    let answer = JSON.string(last.content)
    let path: String
    var body: JSON.Object
    switch model.kind {
    case .vllmPooling, .vllmClassify:
      path = model.kind == .vllmPooling ? "/pooling" : "/classify"
      body = ["model": .string(model.name), "messages": messages, "add_generation_prompt": false]
    case .vllmScore:
      path = "/score"
      body = ["model": .string(model.name), "text_1": before, "text_2": answer]
    case .sglangClassify:
      path = "/classify"
      body = ["model": .string(model.name), "text": whole]
    case .teiPredict:
      path = "/predict"
      body = ["inputs": [[before, answer]], "raw_scores": true, "truncate": true]
    case .openrlhf:
      path = "/get_reward"
      body = ["query": [whole], "prompts": [before]]
    case .chat, .embedding, .judge, .vllmLogprobs, .llamaLogprobs:
      throw ModelError(.unsupported, "expected a reward model, found kind \(model.kind.rawValue)")
    }
    if [.vllmPooling, .vllmClassify, .vllmScore].contains(model.kind) {
      // Older servers know the first name, newer ones the second; each ignores the other.
      body["activation"] = false
      body["use_activation"] = false
    }
    body.merge(model.extraBody) { $1 }
    return Call(
      model: model, origin: origin, path: path, body: .object(body),
      identity: ["act": "reward", "model": model.identity, "messages": messages],
      promptEstimate: conversation.reduce(0) { $0 + 4 + Call.estimateTokens($1.content) }
    ) { [kind = model.kind] in _ = try Self.score($0, from: kind) }
  }

  /// A single user turn stands for itself; more turns need their speakers' names.
  private static func question(_ turns: ArraySlice<ChatMessage>) -> String {
    turns.count == 1 ? turns.first?.content ?? "" : Transcript.text(Array(turns))
  }

  /// The score in a server's reply. Errors: ``ModelError`` of kind `malformed` when it holds no number,
  /// `unsupported` when it holds classes that have no order.
  static func score(_ json: JSON, from kind: ModelSpec.Kind) throws -> RewardScore {
    switch kind {
    case .vllmPooling: return try score(of: numbers(json["data"]?.array?.first?["data"]))
    case .vllmClassify: return try score(of: numbers(json["data"]?.array?.first?["probs"]))
    case .vllmScore: return try score(of: numbers(json["data"]?.array?.first?["score"]))
    case .sglangClassify:
      let item = json.array?.first ?? json
      return try score(of: numbers(item["embedding"]))
    case .teiPredict:
      let list = json.array ?? []
      return try score(labelled: list.first?.array ?? list)
    case .openrlhf: return try score(of: numbers(json["rewards"] ?? json["scores"]))
    case .chat, .embedding, .judge, .vllmLogprobs, .llamaLogprobs:
      throw ModelError(.unsupported, "expected a reward model, found kind \(kind.rawValue)")
    }
  }

  /// A number, a list of numbers, or a list of lists of which the last (the last token's) counts.
  private static func numbers(_ json: JSON?) throws -> [Double] {
    if let number = json?.number, isScore(number) { return [number] }
    if let list = json?.array, let last = list.last {
      if last.array != nil { return try numbers(last) }
      let numbers = list.compactMap(\.number).filter(isScore)
      if numbers.count == list.count { return numbers }
    }
    throw ModelError(.malformed, "expected a score in the reply, found \(json?.kind ?? "nothing")")
  }

  /// No model's score is as large as this: what is, comes from numbers that ran over.
  private static func isScore(_ number: Double) -> Bool { abs(number) <= 1e9 }

  /// The kind of server whose reply has this form; nil for other forms.
  static func kind(of json: JSON) -> ModelSpec.Kind? {
    let item = json["data"]?.array?.first
    if item?["data"] != nil { return .vllmPooling }
    if item?["probs"] != nil { return .vllmClassify }
    if item?["score"] != nil { return .vllmScore }
    if json["embedding"] != nil || json.array?.first?["embedding"] != nil { return .sglangClassify }
    if json["rewards"] != nil || json["scores"] != nil { return .openrlhf }
    let list = json.array?.first?.array ?? json.array
    return list?.first?["score"] != nil ? .teiPredict : nil
  }

  /// One score, or a pair (bad, good) whose difference is the logit. A pair that adds up to 1 has been through an
  /// activation whatever was asked; of a single score nobody can tell.
  private static func score(of values: [Double]) throws -> RewardScore {
    switch values.count {
    case 1:
      return RewardScore(logit: values[0], probability: Logistic.probability(values[0]), scale: "raw")
    case 2:
      let activated = values.allSatisfy { (0...1).contains($0) } && abs(values[0] + values[1] - 1) < 1e-4
      let logit = activated ? Logistic.logit(values[1]) : values[1] - values[0]
      return RewardScore(
        logit: logit, probability: activated ? values[1] : Logistic.probability(logit),
        scale: activated ? "sigmoid-undone" : "raw")
    default:
      throw ModelError(.unsupported, "expected one score or a pair, found \(values.count) classes")
    }
  }

  /// Labelled scores come ordered by score, so the labels say which is the good one.
  private static func score(labelled list: [JSON]) throws -> RewardScore {
    let ordered = list.sorted { ($0["label"]?.string ?? "") < ($1["label"]?.string ?? "") }
    return try score(of: numbers(.array(ordered.map { $0["score"] ?? .null })))
  }
}
