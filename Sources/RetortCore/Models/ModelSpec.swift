internal import OrderedCollections

/// A model as a pipeline file declares it under `models:`, with its environment variables already read.
package struct ModelSpec: Hashable, Sendable {
  /// What the model answers, and in which wire format.
  package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    case chat
    case embedding
    case judge
    case vllmPooling = "vllm-pooling"
    case vllmClassify = "vllm-classify"
    case vllmScore = "vllm-score"
    case vllmPURM = "vllm-purm"
    case sglangClassify = "sglang-classify"
    case teiPredict = "tei-predict"
    case openrlhf
    case vllmLogprobs = "vllm-logprobs"
    case llamaLogprobs = "llama-logprobs"
    case teiEntailment = "tei-entailment"

    /// Scores how likely existing text is, and answers nothing else.
    package var scoresText: Bool { self == .vllmLogprobs || self == .llamaLogprobs }

    /// Says how good an answer is.
    package var scoresAnswers: Bool {
      switch self {
      case .judge, .vllmPooling, .vllmClassify, .vllmScore, .vllmPURM, .sglangClassify, .teiPredict,
        .openrlhf:
        true
      case .chat, .embedding, .vllmLogprobs, .llamaLogprobs, .teiEntailment: false
      }
    }
  }

  /// Whose words its endpoint speaks, of chats and vectors.
  package enum API: String, Hashable, Sendable, Codable, CaseIterable {
    /// OpenAI's, and those of all that speak as it does.
    case openai
    case anthropic, gemini, azure

    /// Whether a field of a request holds several settings, so that one of them is added beside the others.
    var nestsFields: Bool { self == .anthropic || self == .gemini }
  }

  /// The field of a request that bounds its reply's tokens.
  package enum TokensField: String, Hashable, Sendable, Codable, CaseIterable {
    case maxTokens = "max_tokens"
    case maxCompletionTokens = "max_completion_tokens"
  }

  /// A field of a chat's sampling, as requests and pipeline files spell it.
  package enum SamplingField: String, Hashable, Sendable, Codable, CaseIterable {
    case temperature
    case topP = "top_p"
    case seed, stop
  }

  /// USD per million tokens.
  package struct Price: Codable, Hashable, Sendable {
    package var input: Double
    package var output: Double
    /// For prompt tokens that the endpoint had cached; `input` when absent.
    package var cachedInput: Double?
    /// For prompt tokens that the endpoint wrote into its cache; `input` when absent.
    package var writtenInput: Double?

    package init(input: Double, output: Double, cachedInput: Double? = nil, writtenInput: Double? = nil) {
      self.input = input
      self.output = output
      self.cachedInput = cachedInput
      self.writtenInput = writtenInput
    }
  }

  /// The alias: the key under `models:`. Never part of a step's key.
  package var alias: String
  package var name: String
  package var kind: Kind
  package var api = API.openai
  /// Of Azure's classic addresses; nil for its `/openai/v1`.
  package var apiVersion: String?
  /// How much it thinks, in the provider's word; nil leaves that to the endpoint. Part of a step's key.
  package var reasoningEffort: String?
  /// Most tokens of its thoughts; nil leaves that to the endpoint. Part of a step's key.
  package var thinkingBudget: Int?
  /// Names another state of the same model; part of a step's key.
  package var revision: String?
  /// Base address, ending in `/v1` as a rule; nil when `launch` starts the server.
  package var endpoint: String?
  /// Command and arguments that start a server; the first is relative to the pipeline file's folder.
  package var launch: [String]?
  /// The environment variables that the file puts into `launch`.
  package var launchVariables: Set<String> = []
  /// The environment variable that holds the key.
  package var apiKeyEnv: String?
  /// The header that carries the key as it is; nil for `Authorization: Bearer …`.
  package var keyHeader: String?
  /// Headers whose values are secret, each with the environment variable that holds it.
  package var headersEnv: [String: String] = [:]
  package var headers: [String: String] = [:]
  /// What its pipeline file holds that looks like a key: kept out of the record of its calls.
  package var keysInFile: [String] = []
  /// Fields merged into every request's body; part of a step's key, since they may change the answer.
  package var extraBody: JSON.Object = [:]
  /// What a chat is asked without, whatever a stage says: the model refuses it. Part of a step's key.
  package var omit: Set<SamplingField> = []
  /// Most calls in flight.
  package var concurrency: Int = 16
  /// Requests per minute.
  package var rpm: Double?
  /// Tokens per minute.
  package var tpm: Double?
  /// Seconds one call may take.
  package var timeout: Double = 300
  /// How often a call is tried again after a failure that may pass.
  package var retries: Int = 5
  package var price: Price?
  /// Nil until the server says which one it takes.
  package var maxTokensField: TokensField?
  /// Most texts of one request for vectors; nil for the usual number.
  package var maxInputs: Int?
  /// How it says where something is in an image; nil where it says that as its tools take it.
  package var coordinates: Coordinates?
  /// Most pixels of the copy that its server makes of an image; nil for the usual bound.
  package var maxPixels: Int?

  package init(alias: String, name: String, kind: Kind = .chat) {
    self.alias = alias
    self.name = name
    self.kind = kind
  }

  /// What of the model enters a step's key: name, kind, revision, extra body, what it is asked without and how its boxes are
  /// read. Not its alias, address or limits.
  package var identity: JSON {
    var fields = fieldsOfRequests
    if !omit.isEmpty { fields["omit"] = .array(omit.map(\.rawValue).sorted().map { .string($0) }) }
    if let coordinates { fields["coordinates"] = .string(coordinates.rawValue) }
    if coordinates == .pixels, let maxPixels { fields["max_pixels"] = .int(Int64(maxPixels)) }
    return .object(fields)
  }

  /// What of it enters a request's key: a request lacks already what the model is asked without.
  var identityOfRequests: JSON { .object(fieldsOfRequests) }

  private var fieldsOfRequests: JSON.Object {
    var fields: JSON.Object = ["name": .string(name), "kind": .string(kind.rawValue)]
    if api != .openai { fields["api"] = .string(api.rawValue) }
    if let reasoningEffort { fields["reasoning_effort"] = .string(reasoningEffort) }
    if let thinkingBudget { fields["thinking_budget"] = .int(Int64(thinkingBudget)) }
    if let revision { fields["revision"] = .string(revision) }
    if !extraBody.isEmpty { fields["extra_body"] = .object(extraBody) }
    return fields
  }
}

/// A reference under `with:` to a model: decodes from its alias (looked up in `userInfo[.models]`), encodes as the
/// model's identity.
package struct ModelRef: Hashable, Sendable {
  package let spec: ModelSpec
  package init(_ spec: ModelSpec) { self.spec = spec }
}

extension CodingUserInfoKey {
  /// `[String: ModelSpec]`: the models of the pipeline file being decoded.
  package static let models = CodingUserInfoKey(rawValue: "retort.models")!
  /// `URL`: the folder that paths in the pipeline file are relative to.
  package static let folder = CodingUserInfoKey(rawValue: "retort.folder")!
}

extension ModelRef: Codable {
  package init(from decoder: any Decoder) throws {
    let alias = try decoder.singleValueContainer().decode(String.self)
    let models = decoder.userInfo[.models] as? [String: ModelSpec] ?? [:]
    guard let spec = models[alias] else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription:
            "expected a model of this file (\(models.keys.sorted().joined(separator: ", "))), found '\(alias)'"
        ))
    }
    self.init(spec)
  }

  package func encode(to encoder: any Encoder) throws { try spec.identity.encode(to: encoder) }
}

extension ModelSpec.Price {
  /// USD for the tokens of a call; cached prompt tokens at their own price where there is one.
  package func usd(_ usage: Usage) -> Double {
    let cached = min(usage.cachedTokens, usage.promptTokens)
    let written = min(usage.writtenTokens, usage.promptTokens - cached)
    let prompt =
      Double(usage.promptTokens - cached - written) * input + Double(cached) * (cachedInput ?? input)
      + Double(written) * (writtenInput ?? input)
    return (prompt + Double(usage.completionTokens) * output) / 1_000_000
  }
}
