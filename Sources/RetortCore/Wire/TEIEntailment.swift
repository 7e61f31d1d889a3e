internal import Foundation
internal import OrderedCollections

/// Classifiers of pairs into entailment, neutral and contradiction under the `/predict` of Text Embeddings Inference.
struct TEIEntailment: ActFormat {
  typealias Asked = EntailmentRequest

  func understands(_ model: ModelSpec) -> Bool { model.kind == .teiEntailment }
  func path(of act: EntailmentRequest) -> String { "/predict" }

  func body(_ act: EntailmentRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    ["inputs": [[.string(act.premise), .string(act.hypothesis)]], "raw_scores": false, "truncate": true]
  }

  func answer(_ act: EntailmentRequest, in reply: ReplyBody, isNew: Bool) throws -> EntailmentScore {
    try Self.score(of: Self.classes(in: reply.json))
  }

  func accepts(_ stored: StoredReply) throws -> Bool {
    let classes = Self.classes(in: stored.reply.json)
    guard classes.count == 3, classes.contains(where: { Self.name(of: $0) == "entailment" }) else {
      return false
    }
    _ = try Self.score(of: classes)
    return true
  }

  /// Those of the one pair.
  private static func classes(in reply: JSON) -> [JSON] {
    let list = reply.array ?? []
    return list.first?.array ?? list
  }

  private static func name(of label: JSON) -> String? { label["label"]?.string?.lowercased() }

  /// Numbers that do not add up to 1 are logits.
  /// Errors: ``ModelError`` of kind `malformed` where a class has no number, `unsupported` for other classes: nothing says
  /// what `LABEL_0` is.
  private static func score(of classes: [JSON]) throws -> EntailmentScore {
    var numbers: [String: Double] = [:]
    for label in classes {
      guard let name = name(of: label), let number = label["score"]?.number, number.isFinite else {
        throw ModelError(
          .malformed, "expected classes with a label and a score, found \(label.text.prefix(100))")
      }
      numbers[name] = number
    }
    guard let entailment = numbers["entailment"], let neutral = numbers["neutral"],
      let contradiction = numbers["contradiction"], numbers.count == 3
    else {
      let found = numbers.isEmpty ? "none" : numbers.keys.sorted().joined(separator: ", ")
      throw ModelError(
        .unsupported, "expected the classes entailment, neutral and contradiction, found \(found.prefix(200))"
      )
    }
    var values = [entailment, neutral, contradiction]
    let isShare = values.allSatisfy { (0...1).contains($0) } && abs(values.reduce(0, +) - 1) < 1e-3
    if !isShare, let most = values.max() {
      let powers = values.map { exp($0 - most) }
      values = powers.map { $0 / powers.reduce(0, +) }
    }
    return EntailmentScore(entailment: values[0], neutral: values[1], contradiction: values[2])
  }
}
