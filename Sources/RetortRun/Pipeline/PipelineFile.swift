internal import OrderedCollections
internal import RetortCore

/// What the user wrote: the entries of `models:` and `stages:`, with places, names not yet looked up.
struct PipelineFile {
  struct ModelEntry {
    let alias: String
    let keyPlace: FilePosition
    let node: PlacedNode
    /// Placeholders stand in for what has mistakes; those are in the log.
    let fields: ModelFields?
  }

  struct StageNode {
    let name: String
    let keyPlace: FilePosition
    let node: PlacedNode
    let fields: StageFields?
    /// What ``RoundsRewrite`` made it; nil outside of rounds.
    var made: RoundsRewrite.Made?
    /// Whether it takes a union of rounds.
    var unites = false

    /// How many inputs it is told that it has; a union of rounds counts as several, also while there is but one.
    var branches: Int { max(fields?.from?.names.count ?? 0, unites ? 2 : 0) }

    /// The configuration's node; an empty mapping where there is none or nothing in it.
    var with: PlacedNode {
      guard let with = node["with"], with.scalar != .null else {
        return PlacedNode(place: keyPlace, value: .mapping([:]))
      }
      return with
    }

    /// Where `word` stands as a value under `key`, or the key, or the stage's name.
    func place(of word: String? = nil, in key: String) -> FilePosition {
      guard let entry = node.entries?[key] else { return keyPlace }
      return word.flatMap { entry.node.firstPlace(of: $0) } ?? entry.keyPlace
    }

    /// Where the key of `with:` stands that a stage's message begins with, as in `count: expected …`.
    func place(of message: String) -> FilePosition {
      let key = String(message.prefix { $0 != ":" && $0 != "," && $0 != "." })
      return node["with"]?[key]?.place ?? place(in: "with")
    }

    /// Where the path of the error stands under `with:`.
    func place(of error: StageError) -> FilePosition {
      guard !error.path.isEmpty, let with = node["with"] else { return place(of: error.description) }
      return with.place(of: error)
    }
  }

  struct ToolNode {
    let name: String
    let keyPlace: FilePosition
    let node: PlacedNode
  }

  var models: [ModelEntry] = []
  var tools: [ToolNode] = []
  var stages: [StageNode] = []

  /// - Parameter rounds: those that were unrolled into `root`.
  init(_ root: PlacedNode, rounds: RoundsRewrite, log: DecodingLog) {
    guard NodeDecoder.decode(Sections.self, from: root, log: log) != nil || root.entries != nil else {
      return
    }
    for (alias, entry) in root["models"]?.entries ?? [:] {
      models.append(
        ModelEntry(
          alias: alias, keyPlace: entry.keyPlace, node: entry.node,
          fields: NodeDecoder.decode(ModelFields.self, from: entry.node, log: log)))
    }
    for (name, entry) in root["tools"]?.entries ?? [:] {
      tools.append(ToolNode(name: name, keyPlace: entry.keyPlace, node: entry.node))
    }
    for (name, entry) in root["stages"]?.entries ?? [:] {
      stages.append(
        StageNode(
          name: name, keyPlace: entry.keyPlace, node: entry.node,
          fields: NodeDecoder.decode(StageFields.self, from: entry.node, log: log), made: rounds.made[name],
          unites: rounds.uniting.contains(name)))
    }
  }

  private struct Sections: Decodable {
    let models: Columns?
    let tools: Columns?
    let rounds: Columns?
    let stages: Columns
  }
}

/// The keys of one model.
struct ModelFields: Decodable {
  let endpoint: String?
  let name: String
  let kind: ModelSpec.Kind?
  let api: ModelSpec.API?
  let apiVersion: String?
  let reasoningEffort: String?
  let thinkingBudget: Int?
  let launch: [String]?
  let revision: String?
  let apiKeyEnv: String?
  let keyHeader: String?
  let headersEnv: [String: String]?
  let headers: [String: String]?
  let extraBody: Columns?
  let concurrency: Int?
  let rpm: Double?
  let tpm: Double?
  let timeout: Double?
  let retries: Int?
  let price: PriceFields?
  let maxTokensField: ModelSpec.TokensField?
  let maxInputs: Int?
  let omit: [ModelSpec.SamplingField]?
  let coordinates: ModelSpec.Coordinates?
  let maxPixels: Int?

  struct PriceFields: Decodable {
    let input: Double
    let output: Double
    let cachedInput: Double?
    let writtenInput: Double?

    enum CodingKeys: String, CodingKey {
      case input, output
      case cachedInput = "cached_input"
      case writtenInput = "written_input"
    }
  }

  enum CodingKeys: String, CodingKey {
    case endpoint, name, kind, api, launch, revision, headers, concurrency, rpm, tpm, timeout, retries, price,
      omit,
      coordinates
    case apiVersion = "api_version"
    case reasoningEffort = "reasoning_effort"
    case thinkingBudget = "thinking_budget"
    case apiKeyEnv = "api_key_env"
    case keyHeader = "key_header"
    case headersEnv = "headers_env"
    case extraBody = "extra_body"
    case maxTokensField = "max_tokens_field"
    case maxInputs = "max_inputs"
    case maxPixels = "max_pixels"
  }
}

/// The keys of one stage.
struct StageFields: Decodable {
  let uses: String
  let from: Names?
  let using: [String: String]?
  let per: String?
  let renames: [String: String]?
  let replace: Bool?
  let onFailure: PipelineStage.OnFailure?
  let with: Columns?

  /// One name, or a list of names.
  struct Names: Decodable {
    let names: [String]

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let name = try? container.decode(String.self) {
        names = [name]
      } else {
        names = try container.decode([String].self)
      }
    }
  }

  enum CodingKeys: String, CodingKey {
    case uses, from, using, per, replace, with
    case renames = "as"
    case onFailure = "on_failure"
  }
}

extension PlacedNode {
  /// Where the string `word` first stands as a value in this tree, or inside a template.
  func firstPlace(of word: String) -> FilePosition? {
    switch value {
    case .scalar(.string(let text)):
      text == word || text.contains("{{") && text.contains(word) ? place : nil
    case .scalar: nil
    case .list(let list): list.lazy.compactMap { $0.firstPlace(of: word) }.first
    case .mapping(let entries): entries.values.lazy.compactMap { $0.node.firstPlace(of: word) }.first
    }
  }
}
