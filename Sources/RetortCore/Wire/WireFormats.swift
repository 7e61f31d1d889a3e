/// The formats that are spoken.
package enum WireFormats {
  /// A stored reply is taken for one of the first format that it has the form of.
  package static let all: [any WireFormat] = [
    VLLMScoring(), ChatCompletions(), LlamaScoring(), OpenAIEmbeddings(), AnthropicMessages(),
    GeminiContents(),
    GeminiEmbeddings(), AzureChat(), AzureEmbeddings(), VLLMPooling(), VLLMClassify(),
    VLLMScore(), VLLMPURM(),
    SGLangClassify(), OpenRLHFReward(), TEIEntailment(), TEIPredict(), Tokenize(),
  ]

  /// The format in which a model is asked such an act; nil where it cannot be asked any.
  package static func format<A: Act>(of act: A.Type, for model: ModelSpec) -> (any ActFormat<A>)? {
    all.lazy.compactMap { $0 as? any ActFormat<A> }.first { $0.understands(model) }
  }

  package static func scoring(for model: ModelSpec) -> (any ScoringFormat)? {
    all.lazy.compactMap { $0 as? any ScoringFormat }.first { $0.understands(model) }
  }

  /// Ends of an address that are added to it for such a model anyway.
  package static func addedPaths(for model: ModelSpec) -> [String] {
    all.filter { $0.understands(model) }.flatMap(\.addedPaths)
  }

  /// The header that carries a model's key, where its file names none.
  package static func keyHeader(of model: ModelSpec) -> (String) -> (name: String, value: String) {
    let format = spoken(to: model)
    return { key in format?.keyHeader(key) ?? ModelSpec.bearer(key) }
  }

  /// The headers that a model's requests have anyway, names in lower case.
  package static func headers(of model: ModelSpec) -> [String: String] {
    spoken(to: model)?.headers ?? [:]
  }

  /// Whatever the model is, its server may be asked to count tokens: that is not how it is spoken to.
  private static func spoken(to model: ModelSpec) -> (any WireFormat)? {
    all.first { !($0 is Tokenize) && $0.understands(model) }
  }

  /// Those in which providers' chats are asked, one for each ``ModelSpec/API``.
  package static var chats: [any ChatFormat] { all.compactMap { $0 as? any ChatFormat } }

  /// The texts of a reply for people, each with its reasoning before it; none where it holds no text.
  package static func texts(in reply: String) -> [(reasoning: String, text: String)] {
    guard let json = try? JSON(parsing: reply) else { return [] }
    return all.lazy.compactMap { $0.texts(in: json) }.first ?? []
  }
}
