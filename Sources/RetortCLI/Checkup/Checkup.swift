internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun

/// Asks every model of a file something small, all at once, and says of each whether it answers. What is asked is part of no
/// run: it is not remembered, and in no store.
struct Checkup {
  /// What came of one model.
  struct Finding: Sendable {
    let model: ModelSpec
    /// What is wrong; empty where it answers.
    var mistakes: [String] = []
    var notes: [String] = []
    var seconds = 0.0
    var spent = CallTally()
  }

  private let pipeline: Pipeline
  private let shell: Shell
  /// Seconds that a question may take once the server is up.
  private static let patience = 60.0

  init(_ pipeline: Pipeline, in shell: Shell) {
    self.pipeline = pipeline
    self.shell = shell
  }

  /// What came of each model, in the order of the file.
  func findings() async -> [Finding] {
    let models = Array(pipeline.models.values)
    if models.contains(where: { $0.launch != nil }) {
      shell.terminal.complain(
        "servers under launch: are started, which may take up to 300 s, and ended again")
    }
    let endpoints = Endpoints(of: pipeline, shell.environment, Interruption())
    defer { endpoints.stop() }
    return await withTaskGroup(of: (Int, Finding).self) { group in
      for (index, model) in models.enumerated() {
        group.addTask { (index, await examine(model, at: endpoints)) }
      }
      var findings = models.map { Finding(model: $0) }
      for await (index, finding) in group { findings[index] = finding }
      return findings
    }
  }

  private func examine(_ model: ModelSpec, at endpoints: Endpoints) async -> Finding {
    var finding = Finding(model: model)
    finding.mistakes = missingVariables(of: model)
    let base: String
    do { base = try await endpoints.address(of: model) } catch {
      finding.mistakes.append(Self.words(error))
      return finding
    }
    guard finding.mistakes.isEmpty else { return finding }
    async let listed = endpoints.names(for: model, at: base)
    let began = shell.now()
    let purse = Purse(model)
    do {
      if let without = try await ask(model, at: endpoints, purse) { finding.notes.append(without) }
      if model.launch == nil, let names = await listed, !names.isEmpty, !names.contains(model.name) {
        finding.notes.append("\(Self.unlisted(model, names)), and answers all the same")
      }
    } catch {
      finding.mistakes.append(Self.words(error))
      finding.mistakes += await hints(for: error, model, base, listed, endpoints)
      finding.mistakes += await lastWords(of: model, endpoints)
    }
    finding.seconds = shell.now() - began
    finding.spent = purse.spent
    return finding
  }

  private func missingVariables(of model: ModelSpec) -> [String] {
    model.secretVariables.sorted().filter { shell.environment[$0]?.isEmpty ?? true }.map {
      "expected a key in the environment variable \($0), found it \(shell.environment[$0] == nil ? "unset" : "empty")"
    }
  }

  // MARK: The question

  private static let turns = [ChatMessage.user("What is 2 + 2?"), .assistant("4")]

  /// What a model answers to is asked of it, for a token where it writes any. Returns what it had to be asked without.
  private func ask(_ model: ModelSpec, at endpoints: Endpoints, _ purse: Purse) async throws -> String? {
    var spec = model
    spec.retries = 0
    spec.timeout = min(model.timeout, Self.patience)
    let stack = endpoints.models(
      memory: purse, images: NoImages(), budget: Budget(), gauge: CallGauge(), say: { _ in })
    switch model.kind {
    case .chat: return try await chat(spec, stack)
    case .embedding: _ = try await stack.embedding(ModelRef(spec)).embed(["2 + 2"])
    case let kind where kind.scoresText:
      _ = try await stack.scorer(ModelRef(spec)).logprobs(of: "4", after: [Self.turns[0]])
    case .teiEntailment:
      _ = try await stack.entailment(ModelRef(spec)).entailment(of: "4", from: "2 + 2 is 4")
    default: _ = try await stack.reward(ModelRef(spec)).score(Self.turns)
    }
    return nil
  }

  /// Some stages sample at temperature 0; a model that does not take that is still one that answers.
  private func chat(_ spec: ModelSpec, _ stack: ModelStack) async throws -> String? {
    let request = ChatRequest([Self.turns[0]], sampling: Sampling(temperature: 0, maxTokens: 1))
    func reply(_ spec: ModelSpec) async throws {
      do { _ = try await stack.chat(ModelRef(spec)).reply(to: request) } catch let error as ModelError
        where error.status == 400 && error.message.contains("output limit was reached")
      {
        // It thought, and had no token left to say so.
      }
    }
    do {
      try await reply(spec)
      return nil
    } catch let first as ModelError where first.kind == .refused && !spec.omit.contains(.temperature) {
      var other = spec
      other.omit.insert(.temperature)
      do { try await reply(other) } catch { throw first }
      return "answers only without a temperature: \(first.message)"
    }
  }

  // MARK: What is wrong

  private static func words(_ error: any Error) -> String {
    let message = (error as? ModelError)?.message ?? (error as? Halt)?.message ?? "\(error)"
    guard let status = status(of: error), status >= 400 else { return message }
    return "HTTP \(status): \(message)"
  }

  private static func status(of error: any Error) -> Int? {
    (error as? ModelError)?.status ?? (error as? Halt)?.status
  }

  private func hints(
    for error: any Error, _ model: ModelSpec, _ base: String, _ listed: [String]?, _ endpoints: Endpoints
  ) async -> [String] {
    switch Self.status(of: error) {
    case 401:
      return [
        model.apiKeyEnv.map { "the key that was sent stands in \($0)" }
          ?? "no key was sent: name the variable that holds it under api_key_env"
      ]
    case .some(let status):
      if let listed, !listed.isEmpty, !listed.contains(model.name) { return [Self.unlisted(model, listed)] }
      if status == 404, listed?.contains(model.name) == true {
        return [
          "the server lists '\(model.name)', but has no address for what kind \(model.kind.rawValue) asks: "
            + "is that the kind, and was the server started for it?"
        ]
      }
      if listed == nil, !base.hasSuffix("/v1"), await endpoints.names(for: model, at: base + "/v1") != nil {
        return ["the server has its list of models at '\(base)/v1': is that the address?"]
      }
      return []
    case nil: return model.launch == nil ? ["the address is \(base)"] : []
    }
  }

  /// What a launched server said that has ended under the question.
  private func lastWords(of model: ModelSpec, _ endpoints: Endpoints) async -> [String] {
    guard model.launch != nil else { return [] }
    // What it ends with comes after the connection that broke off.
    try? await Task.sleep(for: .milliseconds(500))
    do { _ = try await endpoints.address(of: model) } catch { return [Self.words(error)] }
    return []
  }

  /// Most names of a list that are repeated.
  private static let mostNames = 8

  private static func unlisted(_ model: ModelSpec, _ names: [String]) -> String {
    let more = names.count > mostNames ? " and \(names.count - mostNames) more" : ""
    let shown = names.prefix(mostNames).map { String($0.prefix(80)) }.joined(separator: ", ")
    let near = NearestWord.hint(model.name, in: names)
    return "the server lists no '\(model.name)'\(near), but \(shown)\(more)"
  }
}
