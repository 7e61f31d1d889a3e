internal import OrderedCollections
internal import RetortCore

/// How an example's input and output are written down.
struct ExampleForm: Sendable {
  let inputs: [String]
  let outputs: [String]
  /// Whether an output that is one text is written as it stands, else as a JSON object. Who is shown objects writes an
  /// instruction that asks for them.
  let isPlain: Bool

  func described(_ example: Columns) -> String {
    "Input:\n\(input(example))\nOutput:\n\(written(example))"
  }

  /// The output as it is to be written.
  func written(_ example: Columns) -> String { prose(example) ?? output(example).text }

  /// The output where it is written as it stands.
  func prose(_ example: Columns) -> String? {
    isPlain && outputs.count == 1 ? example[outputs[0]]?.string : nil
  }

  /// One column as it stands; several each under its name.
  func input(_ example: Columns) -> String {
    guard inputs.count > 1 else { return Self.text(example[inputs[0]]) }
    return inputs.map { "\($0):\n\(Self.text(example[$0]))" }.joined(separator: "\n\n")
  }

  func output(_ example: Columns) -> JSON {
    .object(JSON.Object(outputs.map { ($0, example[$0] ?? .null) }, uniquingKeysWith: { first, _ in first }))
  }

  private static func text(_ value: JSON?) -> String { value?.string ?? value?.text ?? "" }
}

/// How well instructions do on labelled examples that they were not written from.
struct InstructionTrial: Sendable {
  let form: ExampleForm
  let model: any ChatModel
  let sampling: Sampling
  /// Whether replies are compared by their structure, else as lists of texts.
  let isStructured: Bool
  let scorer: (any LogprobModel)?

  /// Mean F1 of each candidate over its examples, from 0 to 1; empty where one has none.
  func scores(of texts: [String], on held: [[Columns]]) async throws -> [Double] {
    try await means(texts, held, of: agreement) ?? []
  }

  /// Mean over its examples of the mean token probability of their outputs under each candidate, from 0 to 1; nil
  /// without a model that says so.
  func likelihoods(of texts: [String], on held: [[Columns]]) async throws -> [Double]? {
    guard let scorer else { return nil }
    return try await means(texts, held) { instruction, example in
      let tokens = try await scorer.logprobs(of: form.written(example), after: messages(instruction, example))
      return Preference.responseProbability(tokens.map(\.logprob)) ?? 0
    }
  }

  private func means(
    _ texts: [String], _ held: [[Columns]],
    of measure: @escaping @Sendable (String, Columns) async throws -> Double
  ) async throws -> [Double]? {
    guard held.allSatisfy({ !$0.isEmpty }) else { return nil }
    let trials = texts.indices.flatMap { index in held[index].map { (index, $0) } }
    let scores = try await Together.results(trials.count) {
      try await measure(texts[trials[$0].0], trials[$0].1)
    }
    return texts.indices.map { index in
      let own = zip(trials, scores).filter { $0.0.0 == index }.map(\.1)
      return own.reduce(0, +) / Double(own.count)
    }
  }

  private func agreement(_ instruction: String, _ example: Columns) async throws -> Double {
    let reply = try await model.reply(
      to: ChatRequest(
        messages(instruction, example),
        sampling: Sampling(temperature: 0, seed: sampling.seed, maxTokens: sampling.maxTokens)))
    if isStructured {
      guard let prose = form.prose(example) else {
        let found = try? JSON.salvage(from: reply.text)
        return StructuredF1.of(found ?? .null, reference: form.output(example))
      }
      return StructuredF1.of(.string(StatedAnswer.spoken(reply.text)), reference: .string(prose))
    }
    let expected = form.outputs.flatMap { example[$0]?.texts ?? [] }
    let found = (try? JSON.salvage(from: reply.text))?.texts ?? []
    return Preference.listF1(found, reference: expected)
  }

  private func messages(_ instruction: String, _ example: Columns) -> [ChatMessage] {
    let keys =
      "Answer with a JSON object with the keys \(form.outputs.joined(separator: ", ")) and nothing else."
    let system = form.prose(example) == nil ? "\(instruction)\n\n\(keys)" : instruction
    return [.system(system), .user(form.input(example))]
  }
}
