internal import OrderedCollections

/// A model that turns texts into vectors. Each text is remembered by itself, so that a new row pays for its own text only;
/// what is not remembered is asked for in batches.
struct Embeddings: EmbeddingModel {
  private let model: ModelSpec
  private let origin: CallOrigin
  private let caller: any Caller
  private let memory: any ReplyMemory
  private let flights: Flights<RawReply>
  private let length: VectorLength
  private let batch: BatchLimit
  private let format: any ActFormat<EmbeddingRequest>

  /// A text that is asked for, and what its vector is remembered under.
  private typealias Wanted = (text: String, request: Digest)
  private typealias Found = (text: String, request: Digest, reply: RawReply)

  /// A reply with its vector in place of what it was read from, which takes ten times the room.
  private struct Known {
    let reply: RawReply
    /// Nil where the reply holds none that can be read.
    let numbers: [Float]?
  }

  /// - Parameter caller: the stack without memory of whole replies; texts are remembered one by one here, by
  ///   ``EmbeddingRecorder``, which must be part of `caller`.
  /// Nil where the model gives no vectors.
  init?(
    _ model: ModelSpec, for origin: CallOrigin = CallOrigin(), through caller: any Caller,
    memory: any ReplyMemory, flights: Flights<RawReply> = Flights<RawReply>(), length: VectorLength? = nil,
    batch: BatchLimit? = nil
  ) {
    guard let format = WireFormats.format(of: EmbeddingRequest.self, for: model) else { return nil }
    self.model = model
    self.origin = origin
    self.caller = caller
    self.memory = memory
    self.flights = flights
    self.format = format
    self.length = length ?? VectorLength(model)
    self.batch = batch ?? BatchLimit(model)
  }

  func embed(_ texts: [String]) async throws -> [[Float]] {
    var found: [String: Known] = [:]
    while true {
      var leading: [Wanted] = []
      var following: [Wanted] = []
      var seen = Set(found.keys)
      for text in texts where seen.insert(text).inserted {
        let request = request([text]).digest
        if flights.lead(request) {
          leading.append((text, request))
        } else {
          following.append((text, request))
        }
      }
      if leading.isEmpty && following.isEmpty { break }
      try await fetch(leading, into: &found)
      // Followed only after its own have landed, so that two batches cannot wait for each other.
      for (text, request) in following {
        if let shared = try await flights.follow(request) { found[text] = known(shared) }
      }
    }
    for known in found.values where known.reply.call != 0 { StepContext.current?.used(known.reply.call) }
    let vectors = try found.mapValues { try $0.numbers ?? numbers(in: $0.reply) }
    let result = texts.compactMap { vectors[$0] }
    guard Set(result.map(\.count)).count <= 1 else {
      throw ModelError(
        .malformed, "expected vectors of one length, found \(Set(result.map(\.count)).sorted())")
    }
    return result
  }

  private func fetch(_ leading: [Wanted], into found: inout [String: Known]) async throws {
    var open = Dictionary(uniqueKeysWithValues: leading.map { ($0.request, $0.text) })
    defer { for request in open.keys { flights.land(request, nil) } }
    var missing: [Wanted] = []
    for ((text, request), reply) in zip(leading, try await memory.recall(leading.map(\.request))) {
      guard var reply else {
        missing.append((text, request))
        continue
      }
      reply.remembered = true
      let known = known(reply)
      length.learn { known.numbers?.count }
      found[text] = known
      flights.land(request, known.reply)
      open[request] = nil
    }
    let most = batch.most
    let parts = stride(from: 0, to: missing.count, by: most).map {
      missing[$0..<min(missing.count, $0 + most)]
    }
    for (text, request, reply) in try await Together.results(parts.count, { try await ask(parts[$0]) })
      .joined()
    {
      let known = known(reply)
      found[text] = known
      flights.land(request, known.reply)
      open[request] = nil
    }
  }

  private func ask(_ texts: ArraySlice<Wanted>) async throws -> [Found] {
    do { return try await askAtOnce(texts) } catch let error as ModelError
      where error.isForGood && texts.count > 1
    {
      // One text may be at fault, or their number.
      batch.learn(error, of: texts.count)
      let middle = texts.startIndex + texts.count / 2
      let first = try await ask(texts[..<middle])
      return first + (try await ask(texts[middle...]))
    }
  }

  /// One call. The recorder has taken its reply apart and committed the parts.
  private func askAtOnce(_ texts: ArraySlice<Wanted>) async throws -> [Found] {
    let request = request(texts.map(\.text))
    do {
      let reply = try await caller.answer(request)
      return zip(texts, reply.reading.parts).map { ($0.text, $0.request, $1) }
    } catch {
      if let failed = FailedCall(error), failed.usage == nil { try await memory.failed(request, failed) }
      throw error
    }
  }

  /// Its reply is read by the recorder, as it takes it apart.
  private func request(_ texts: [String]) -> ModelRequest {
    format.request(EmbeddingRequest(texts), of: model, for: origin) { _ in 0 }
  }

  private func known(_ reply: RawReply) -> Known {
    let numbers = try? numbers(in: reply)
    var reply = reply
    reply.reading = .init()
    return Known(reply: reply, numbers: numbers)
  }

  /// The one vector of a text's own reply. Errors: ``ModelError`` of kind `malformed`.
  private func numbers(in reply: RawReply) throws -> [Float] {
    let body = (try? reply.read()) ?? ReplyBody(text: reply.body, json: .null)
    let vector = try OpenAIEmbeddings.vectors(in: body, count: 1, isNew: false)[0]
    return vector.compactMap { $0.number.map { Float($0) } }
  }
}
