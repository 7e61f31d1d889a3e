internal import OrderedCollections

/// Where Azure has what OpenAI has: under `/openai/v1`, or, with a version of its classic API, under the deployment's name.
enum Azure {
  static func path(_ act: String, _ model: ModelSpec) -> String {
    guard let version = model.apiVersion else { return act }
    return "/openai/deployments/\(model.name)/\(act)?api-version=\(version)"
  }

  static func key(_ key: String) -> (name: String, value: String) { ("api-key", key) }
}

/// OpenAI's chat format at Azure's addresses.
struct AzureChat: ChatFormat {
  private let format = ChatCompletions()

  var api: ModelSpec.API { .azure }
  var addedPaths: [String] { format.addedPaths }
  var promptField: String? { format.promptField }
  func keyHeader(_ key: String) -> (name: String, value: String) { Azure.key(key) }
  func path(of act: ChatRequest) -> String { format.path(of: act) }
  func path(of act: ChatRequest, to model: ModelSpec) -> String { Azure.path(format.path(of: act), model) }
  func support(_ ability: ChatAbility) -> ChatSupport { format.support(ability) }

  func body(_ act: ChatRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    format.body(act, prompt: prompt, to: model)
  }

  func answer(_ act: ChatRequest, in reply: ReplyBody, isNew: Bool) throws -> ChatReply {
    try format.answer(act, in: reply, isNew: isNew)
  }

  func imagePart(_ image: ImageReference, base64: String) -> JSON? { format.imagePart(image, base64: base64) }
}

/// OpenAI's format of vectors at Azure's addresses.
struct AzureEmbeddings: ActFormat {
  private let format = OpenAIEmbeddings()

  func understands(_ model: ModelSpec) -> Bool { model.kind == .embedding && model.api == .azure }
  var addedPaths: [String] { format.addedPaths }
  var promptField: String? { format.promptField }
  func keyHeader(_ key: String) -> (name: String, value: String) { Azure.key(key) }
  func path(of act: EmbeddingRequest) -> String { format.path(of: act) }
  func path(of act: EmbeddingRequest, to model: ModelSpec) -> String {
    Azure.path(format.path(of: act), model)
  }

  func body(_ act: EmbeddingRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    format.body(act, prompt: prompt, to: model)
  }

  func answer(_ act: EmbeddingRequest, in reply: ReplyBody, isNew: Bool) throws -> [[JSON]] {
    try format.answer(act, in: reply, isNew: isNew)
  }
}
