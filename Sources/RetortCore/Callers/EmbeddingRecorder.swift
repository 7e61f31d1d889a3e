internal import OrderedCollections

/// Takes a batch of vectors apart and commits it text by text, inside the limits as ``RecordingCaller`` is.
struct EmbeddingRecorder: Caller {
  private let inner: any Caller
  private let memory: any ReplyMemory
  private let length: VectorLength?

  init(_ inner: any Caller, memory: any ReplyMemory, length: VectorLength? = nil) {
    self.inner = inner
    self.memory = memory
    self.length = length
  }

  func answer(_ request: ModelRequest) async throws -> RawReply {
    guard let format = WireFormats.format(of: EmbeddingRequest.self, for: request.model) else {
      return try await inner.answer(request)
    }
    let texts = (request.identity[EmbeddingRequest.promptName]?.array ?? []).compactMap(\.string)
    var reply: RawReply
    let parts: [RawReply]
    do {
      reply = try await inner.answer(request)
      parts = try takenApart(reply, texts, format)
    } catch {
      if let failed = FailedCall(error), failed.usage != nil { try await memory.failed(request, failed) }
      throw error
    }
    for (text, var part) in zip(texts, parts) {
      let single = format.request(EmbeddingRequest([text]), of: request.model, for: request.origin) { _ in 0 }
      part.call = try await memory.remember(single, part)
      reply.reading.parts.append(part)
    }
    return reply
  }

  /// One reply for each text; the tokens are spread so that they add up to what was counted.
  private func takenApart(_ reply: RawReply, _ texts: [String], _ format: any ActFormat<EmbeddingRequest>)
    throws -> [RawReply]
  {
    do {
      let vectors = try format.answer(EmbeddingRequest(texts), in: try reply.read(), isNew: true)
      try length?.check(vectors)
      return vectors.enumerated().map { place, vector in
        var part = reply
        let json = OpenAIEmbeddings.reply(vector)
        (part.body, part.reading.json) = (json.text, json)
        let share = { (tokens: Int) in
          Usage(promptTokens: tokens * (place + 1) / texts.count - tokens * place / texts.count)
        }
        part.usage = share(reply.usage.promptTokens)
        part.booked = reply.booked.map { share($0.promptTokens) }
        return part
      }
    } catch var error as ModelError {
      error.usage = reply.usage
      throw error
    }
  }
}
