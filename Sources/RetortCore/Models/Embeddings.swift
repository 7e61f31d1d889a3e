internal import Foundation
internal import OrderedCollections

/// The embedding act in the wire format of OpenAI's `/embeddings`.
///
/// Each text is remembered by itself, so that a new row pays for its own text only; what is not remembered is asked
/// for in batches.
package struct Embeddings: EmbeddingModel {
  private let model: ModelSpec
  private let origin: CallOrigin
  private let caller: any Caller
  private let memory: any ReplyMemory
  private let flights: Flights
  private let length: VectorLength

  /// Most texts of one request.
  package static let batch = 64

  /// - Parameter caller: the stack without memory of whole replies; texts are remembered one by one here, by
  ///   ``EmbeddingRecorder``, which must be part of `caller`.
  package init(
    _ model: ModelSpec, for origin: CallOrigin = CallOrigin(), through caller: any Caller,
    memory: any ReplyMemory, flights: Flights = Flights(), length: VectorLength? = nil
  ) {
    self.length = length ?? VectorLength(model)
    self.model = model
    self.origin = origin
    self.caller = caller
    self.memory = memory
    self.flights = flights
  }

  package func embed(_ texts: [String]) async throws -> [[Float]] {
    var found: [String: RawReply] = [:]
    while true {
      var leading: [(text: String, request: Digest)] = []
      var following: [(text: String, request: Digest)] = []
      var seen = Set(found.keys)
      for text in texts where seen.insert(text).inserted {
        let request = Self.call(model, origin, [text]).request
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
        if let shared = try await flights.follow(request) { found[text] = shared }
      }
    }
    for reply in found.values where reply.call != 0 { StepContext.current?.used(reply.call) }
    let vectors = try found.mapValues { try Self.vectors($0.body, count: 1)[0] }
    let result = texts.compactMap { vectors[$0] }
    guard Set(result.map(\.count)).count <= 1 else {
      throw ModelError(
        .malformed, "expected vectors of one length, found \(Set(result.map(\.count)).sorted())")
    }
    return result
  }

  private func fetch(_ leading: [(text: String, request: Digest)], into found: inout [String: RawReply])
    async throws
  {
    var open = Dictionary(uniqueKeysWithValues: leading.map { ($0.request, $0.text) })
    defer { for request in open.keys { flights.land(request, nil) } }
    var missing: [(text: String, request: Digest)] = []
    for ((text, request), reply) in zip(leading, try await memory.recall(leading.map(\.request))) {
      guard var known = reply else {
        missing.append((text, request))
        continue
      }
      known.remembered = true
      length.learn { try? Self.vectors(known.body, count: 1).first?.count }
      found[text] = known
      flights.land(request, known)
      open[request] = nil
    }
    try await withThrowingTaskGroup(of: [Found].self) { group in
      for start in stride(from: 0, to: missing.count, by: Self.batch) {
        let part = missing[start..<min(missing.count, start + Self.batch)]
        group.addTask { try await ask(part) }
      }
      for try await replies in group {
        for (text, request, reply) in replies {
          found[text] = reply
          flights.land(request, reply)
          open[request] = nil
        }
      }
    }
  }

  /// One call. The recorder has committed its vectors; they are read back with their numbers.
  private func ask(_ texts: ArraySlice<(text: String, request: Digest)>) async throws -> [Found] {
    do { return try await askAtOnce(texts) } catch let error as ModelError
      where error.isForGood && texts.count > 1
    {
      // One text may be at fault, or their number.
      let middle = texts.startIndex + texts.count / 2
      let first = try await ask(texts[..<middle])
      return first + (try await ask(texts[middle...]))
    }
  }

  private func askAtOnce(_ texts: ArraySlice<(text: String, request: Digest)>) async throws -> [Found] {
    let call = Self.call(model, origin, texts.map(\.text))
    let reply: RawReply
    do { reply = try await caller.answer(call) } catch {
      if let failed = FailedCall(error), failed.usage == nil { try await memory.failed(call, failed) }
      throw error
    }
    let kept = try await memory.recall(texts.map(\.request))
    let parts = kept.contains(nil) ? try EmbeddingRecorder.split(reply, count: texts.count) : []
    return zip(texts, kept).enumerated().map { place, known in
      (known.0.text, known.0.request, known.1 ?? parts[place])
    }
  }

  private typealias Found = (text: String, request: Digest, reply: RawReply)

  static func call(_ model: ModelSpec, _ origin: CallOrigin, _ texts: [String]) -> Call {
    let input = JSON.array(texts.map { .string($0) })
    var body: JSON.Object = ["model": .string(model.name), "input": input, "encoding_format": "float"]
    body.merge(model.extraBody) { $1 }
    return Call(
      model: model, origin: origin, path: "embeddings", body: .object(body),
      identity: ["act": "embedding", "model": model.identity, "input": input],
      promptEstimate: texts.reduce(0) { $0 + Call.estimateTokens($1) })
  }

  /// The vectors of a reply in the order of their `index`. Errors: ``ModelError`` of kind `malformed`.
  static func vectors(_ body: String, count: Int) throws -> [[Float]] {
    try lists(body, count: count, checked: false).map { $0.compactMap { $0.number.map { Float($0) } } }
  }

  /// The vectors of a reply, in the order of their `index`, in the forms that servers give them: a list of numbers, one
  /// inside another list, or base64 of single precision. A vector of zeros has no direction:
  /// it is none, but earlier versions remembered such, and those are read without `checked`.
  package static func lists(_ body: String, count: Int, checked: Bool = true) throws -> [[JSON]] {
    let json = try? JSON(parsing: body)
    guard let data = json?["data"]?.array ?? json?.array, data.count == count else {
      throw ModelError(.malformed, "expected \(count) vectors under 'data', found: \(body.prefix(200))")
    }
    var lists = [[JSON]](repeating: [], count: count)
    for (place, item) in data.enumerated() {
      let index = (item["index"]?.int ?? item["index"]?.string.flatMap { Int64($0) }) ?? Int64(place)
      let vector = numbers(item["embedding"] ?? item)
      guard !vector.isEmpty, (0..<Int64(count)).contains(index) else {
        throw ModelError(.malformed, "expected a list of numbers at data[\(place)].embedding")
      }
      let values = vector.map { $0.number.map { Float($0) } ?? .nan }
      guard !checked || values.allSatisfy({ abs($0) <= 1e15 }) && values.contains(where: { $0 != 0 }) else {
        throw ModelError(
          .malformed, "expected numbers, not all 0, at data[\(place)].embedding, found other values")
      }
      lists[Int(index)] = vector
    }
    guard !lists.contains(where: \.isEmpty) else {
      throw ModelError(.malformed, "expected one vector for each of \(count) texts, found an index twice")
    }
    return lists
  }
}

extension Embeddings {
  /// Empty where there is no vector.
  private static func numbers(_ json: JSON) -> [JSON] {
    if let list = json.array { return list.count == 1 ? list[0].array ?? list : list }
    guard let text = json.string, let bytes = Data(base64Encoded: text), bytes.count % 4 == 0 else {
      return []
    }
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      let bits = bytes[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return .double(Double(Float(bitPattern: bits)))
    }
  }
}

/// Commits a batch of vectors text by text, inside the limits as ``RecordingCaller`` is.
package struct EmbeddingRecorder: Caller {
  private let inner: any Caller
  private let memory: any ReplyMemory
  private let length: VectorLength?

  package init(_ inner: any Caller, memory: any ReplyMemory, length: VectorLength? = nil) {
    self.inner = inner
    self.memory = memory
    self.length = length
  }

  package func answer(_ call: Call) async throws -> RawReply {
    let texts = (call.identity["input"]?.array ?? []).compactMap(\.string)
    let (reply, parts): (RawReply, [RawReply])
    do { (reply, parts) = try await answer(call, count: texts.count) } catch {
      if let failed = FailedCall(error), failed.usage != nil { try await memory.failed(call, failed) }
      throw error
    }
    for (text, part) in zip(texts, parts) {
      let single = Embeddings.call(call.model, call.origin, [text])
      _ = try await memory.remember(single, part)
    }
    return reply
  }

  private func answer(_ call: Call, count: Int) async throws -> (RawReply, [RawReply]) {
    let reply = try await inner.answer(call)
    do {
      try length?.check(Embeddings.lists(reply.body, count: count))
      return (reply, try Self.split(reply, count: count))
    } catch var error as ModelError {
      error.usage = reply.usage
      throw error
    }
  }

  /// One reply for each text; the tokens are spread so that they add up to what was counted.
  static func split(_ reply: RawReply, count: Int) throws -> [RawReply] {
    try Embeddings.lists(reply.body, count: count).enumerated().map { place, numbers in
      var part = reply
      part.body = JSON.object(["data": [["index": 0, "embedding": .array(numbers)]]]).text
      let share = { (tokens: Int) in
        Usage(promptTokens: tokens * (place + 1) / count - tokens * place / count)
      }
      part.usage = share(reply.usage.promptTokens)
      part.booked = reply.booked.map { share($0.promptTokens) }
      return part
    }
  }
}
