internal import Foundation
internal import OrderedCollections

/// The embedding act in the format of OpenAI's `/embeddings`.
package struct OpenAIEmbeddings: ActFormat {
  package init() {}

  package func understands(_ model: ModelSpec) -> Bool { model.kind == .embedding && model.api == .openai }
  package var addedPaths: [String] { ["/embeddings"] }
  package var promptField: String? { "input" }
  package func path(of act: EmbeddingRequest) -> String { "embeddings" }

  package func body(_ act: EmbeddingRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    ["model": .string(model.name), "input": prompt, "encoding_format": "float"]
  }

  package func answer(_ act: EmbeddingRequest, in reply: ReplyBody, isNew: Bool) throws -> [[JSON]] {
    try Self.vectors(in: reply, count: act.texts.count, isNew: isNew)
  }

  package func accepts(_ stored: StoredReply) throws -> Bool {
    guard let data = stored.reply.json["data"]?.array, data.first?["embedding"] != nil else { return false }
    _ = try Self.vectors(in: stored.reply, count: data.count, isNew: true)
    return true
  }

  /// How long the one vector of a stored reply is; nil where it holds another number of them, or none of use.
  package static func vectorLength(in body: String) -> Int? {
    guard let json = try? JSON(parsing: body) else { return nil }
    return try? vectors(in: ReplyBody(text: body, json: json), count: 1, isNew: true).first?.count
  }

  /// One vector as a reply of its own.
  static func reply(_ vector: [JSON]) -> JSON {
    ["data": [["index": 0, "embedding": .array(vector)]]]
  }

  /// The vectors of a reply, in the order of their `index`, in the forms that servers give them: a list of numbers, one
  /// inside another list, or base64 of single precision. A vector of zeros has no direction: it is none, but earlier
  /// versions remembered such, and those are read.
  static func vectors(in reply: ReplyBody, count: Int, isNew: Bool) throws -> [[JSON]] {
    guard let data = reply.json["data"]?.array ?? reply.json.array, data.count == count else {
      throw ModelError(.malformed, "expected \(count) vectors under 'data', found: \(reply.text.prefix(200))")
    }
    var vectors = [[JSON]](repeating: [], count: count)
    for (place, item) in data.enumerated() {
      let index = (item["index"]?.int ?? item["index"]?.string.flatMap { Int64($0) }) ?? Int64(place)
      let vector = numbers(item["embedding"] ?? item)
      guard !vector.isEmpty, (0..<Int64(count)).contains(index) else {
        throw ModelError(.malformed, "expected a list of numbers at data[\(place)].embedding")
      }
      guard !isNew || isVector(vector) else {
        throw ModelError(
          .malformed, "expected numbers, not all 0, at data[\(place)].embedding, found other values")
      }
      vectors[Int(index)] = vector
    }
    guard !vectors.contains(where: \.isEmpty) else {
      throw ModelError(.malformed, "expected one vector for each of \(count) texts, found an index twice")
    }
    return vectors
  }

  private static func isVector(_ numbers: [JSON]) -> Bool {
    let values = numbers.lazy.map { $0.number.map { Float($0) } ?? .nan }
    return values.allSatisfy { abs($0) <= 1e15 } && values.contains { $0 != 0 }
  }

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
