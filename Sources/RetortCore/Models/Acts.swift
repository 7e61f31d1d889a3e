/// The acts that there are. A judge is a chat whose answer is read as a score; scoring a text takes several questions, of
/// which this is one.
enum Acts {
  static let all: [any Act.Type] = [
    ChatRequest.self, EmbeddingRequest.self, RewardRequest.self, TokenCountRequest.self,
    ServerQuestion<[TokenLogprob]>.self, EntailmentRequest.self,
  ]
}
