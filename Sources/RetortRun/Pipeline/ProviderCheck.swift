internal import OrderedCollections
internal import RetortCore

/// What a provider's format has no words for is a mistake of the file that asks for it, found before anything is sent.
extension PipelineReader {
  mutating func checkAPI(_ model: ModelSpec, _ entry: PipelineFile.ModelEntry) {
    func place(_ key: String) -> FilePosition { entry.node[key]?.place ?? entry.keyPlace }
    let isChat = model.kind == .chat || model.kind == .judge
    if model.api != .openai, !isChat, model.kind != .embedding {
      report(
        place("api"),
        "expected 'api' on a model of kind chat, judge or embedding, found it on \(model.kind.rawValue)")
    }
    if model.kind == .embedding, WireFormats.format(of: EmbeddingRequest.self, for: model) == nil {
      report(
        place("api"), "expected an API that has embeddings, found '\(model.api.rawValue)', which has none")
    }
    if model.apiVersion != nil, model.api != .azure {
      report(place("api_version"), "expected 'api_version' beside 'api: azure', found it without")
    }
    for (key, ability, isSet) in [
      ("reasoning_effort", ChatAbility.reasoningEffort, model.reasoningEffort != nil),
      ("thinking_budget", .thinkingBudget, model.thinkingBudget != nil),
    ] where isSet {
      if !isChat {
        report(
          place(key), "expected '\(key)' on a model of kind chat or judge, found it on \(model.kind.rawValue)"
        )
      } else if let refusal = chats(model).lazy.compactMap({ $0.refusal(of: ability, by: model) }).first {
        report(place(key), refusal)
      }
    }
    if let budget = model.thinkingBudget {
      // Gemini takes 0 for no thoughts and -1 for as many as it likes; Anthropic none under 1024.
      let least = model.api == .gemini ? -1 : model.api == .anthropic ? 1024 : 1
      if budget < least {
        report(
          place("thinking_budget"),
          "expected \(least) or more for the API '\(model.api.rawValue)', found \(budget)")
      }
      if model.api == .gemini, model.reasoningEffort != nil {
        report(
          place("thinking_budget"),
          "expected either 'reasoning_effort' or 'thinking_budget', of which Gemini takes one, found both")
      }
    }
    if model.kind == .judge,
      let refusal = chats(model).lazy.compactMap({ $0.refusal(of: .logprobs, by: model) }).first
    {
      report(place("kind"), "a judge's score is the odds of yes and no: \(refusal)")
    }
  }

  /// What a stage's keys ask of its models.
  mutating func checkAbilities(_ draft: StageDraft, _ models: OrderedDictionary<String, ModelSpec>) {
    guard let config = draft.configured?.config else { return }
    for model in draft.models.compactMap({ models[$0] }) where model.api != .openai {
      for format in chats(model) {
        for (key, ability) in Self.abilities where Self.asks(config, for: key) {
          if let field = ModelSpec.SamplingField(rawValue: key), model.omit.contains(field) { continue }
          let place = draft.with[key]?.place ?? draft.written.keyPlace
          if let refusal = format.refusal(of: ability, by: model) { report(place, refusal) }
          if ability == .temperature, let value = config[key]?.number,
            let refusal = format.refusal(ofTemperature: value, by: model)
          {
            report(place, refusal)
          }
        }
      }
    }
  }

  private func chats(_ model: ModelSpec) -> [any ChatFormat] {
    WireFormats.chats.filter { $0.understands(model) }
  }

  /// The keys by which stages ask for something.
  private static let abilities: [(key: String, ability: ChatAbility)] = [
    ("temperature", .temperature), ("top_p", .topP), ("seed", .seed), ("stop", .stop), ("schema", .schema),
    ("images", .images), ("tools", .tools), ("logprobs", .logprobs),
  ]

  private static func asks(_ config: JSON, for key: String) -> Bool {
    guard let value = config[key], !value.isNull, value != false else { return false }
    if key == "tools", let words = config["protocol"]?.string, words != "native" { return false }
    return value.array?.isEmpty != true
  }
}
