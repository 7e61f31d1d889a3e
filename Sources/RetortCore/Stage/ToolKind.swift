internal import OrderedCollections

/// A kind of tool that pipeline files may name after `uses:` under `tools:`. One file, and a line in the list of kinds.
package protocol ToolKind: Tool {
  /// The keys beside those that every tool has. What it encodes to is part of the tool's identity.
  associatedtype Config: Codable & Sendable

  static var name: String { get }
  /// Raise it when the same call should get another answer.
  static var version: Int { get }
  /// One sentence, in the imperative.
  static var summary: String { get }
  /// One sentence for each key of ``Config``.
  static var keys: [String: String] { get }
  /// What it reads of the rows of its corpus; empty where it has none.
  static var corpus: [ColumnUse] { get }

  /// Errors: ``StageError``.
  init(_ config: Config, as declaration: ToolDeclaration, in workshop: Workshop) throws
}

extension ToolKind {
  package static var corpus: [ColumnUse] { [] }
}

/// What a file says of a tool in the keys that every tool has.
package struct ToolDeclaration: Hashable, Sendable {
  package let name: String
  /// In place of the kind's own words.
  package let description: String?
  package let timeout: Double?

  package init(name: String, description: String? = nil, timeout: Double? = nil) {
    self.name = name
    self.description = description
    self.timeout = timeout
  }
}

/// What a tool is given beside its configuration.
package struct Workshop: Sendable {
  /// Nil where the kind has none.
  package let corpus: Corpus?
  package let library: any TextLibrary
  /// Where the images go that it answers.
  package let images: any ImageShelf
  let servers: any ToolServers
  /// What its server offers; nil where it has none, or was not asked yet.
  let offers: [ToolOffer]?

  package init(
    corpus: Corpus? = nil, library: any TextLibrary = NoLibrary(), images: any ImageShelf = NoImages(),
    servers: any ToolServers = NoToolServers(), offers: [ToolOffer]? = nil
  ) {
    self.corpus = corpus
    self.library = library
    self.images = images
    self.servers = servers
    self.offers = offers
  }
}

/// A kind of tool with its types erased.
package struct ToolEntry: Sendable {
  package let name: String
  package let version: Int
  package let summary: String
  package let keys: [String: String]
  package let corpus: [ColumnUse]
  package let configShape: @Sendable () -> ConfigShape
  /// Decodes the keys of a kind's own; answers them as they enter the identity, and what makes the tool.
  package let configure: @Sendable (any Decoder) throws -> (config: JSON, bind: ToolSpec.Bind)

  package init<K: ToolKind>(_ kind: K.Type) {
    name = K.name
    version = K.version
    summary = K.summary
    keys = K.keys
    corpus = K.corpus
    configShape = { ConfigShape(of: K.Config.self) }
    configure = { decoder in
      let config = try K.Config(from: decoder)
      // What is not set is no part of the identity, so that keys may come later.
      let fields = (try JSON(encoding: config).object ?? [:]).filter { !$0.value.isNull }
      return (.object(fields), { try K(config, as: $0, in: $1) })
    }
  }
}

/// A tool as a pipeline file declares it under `tools:`.
package struct ToolSpec: Sendable {
  package typealias Bind = @Sendable (ToolDeclaration, Workshop) throws -> any Tool

  package let declaration: ToolDeclaration
  package let kind: ToolEntry
  /// The stage whose rows it looks into.
  package let corpus: String?
  /// The kind's own keys, as they enter the identity.
  package let config: JSON
  /// Where its tools are those of a server, and it has no kind.
  package private(set) var server: ToolServer?
  private let bind: Bind

  package init(
    _ declaration: ToolDeclaration, kind: ToolEntry, corpus: String?, config: JSON, bind: @escaping Bind
  ) {
    self.declaration = declaration
    self.kind = kind
    self.corpus = corpus
    self.config = config
    self.bind = bind
  }

  package init(_ server: ToolServer) {
    self.init(ToolDeclaration(name: server.name), kind: .server, corpus: nil, config: [:]) { declaration, _ in
      AbsentTool(name: declaration.name)
    }
    self.server = server
  }

  package var name: String { declaration.name }

  /// The role under which a stage that offers the tool is given its corpus.
  package var role: String { "tool.\(name)" }

  /// What of it enters the key of a step that offers it, beside the digest of its corpus.
  package var identity: JSON {
    if let server { return server.stepIdentity }
    var fields: JSON.Object = [
      "name": .string(name), "kind": .string(kind.name), "version": .int(Int64(kind.version)), "with": config,
    ]
    if let description = declaration.description { fields["description"] = .string(description) }
    return .object(fields)
  }

  /// One, or those of its server.
  package func tools(in workshop: Workshop) throws -> [any Tool] {
    guard let server else { return [try bind(declaration, workshop)] }
    let offers = workshop.offers ?? server.expected
    return offers.map {
      ServedTool(offer: $0, server: server, offers: offers, servers: workshop.servers, shelf: workshop.images)
    }
  }
}

/// The name of a tool under `with:`: decodes from the name (looked up in `userInfo[.tools]`), encodes as the tool's
/// identity.
package struct ToolRef: Sendable {
  package let spec: ToolSpec
  package init(_ spec: ToolSpec) { self.spec = spec }
}

extension CodingUserInfoKey {
  /// `[String: ToolSpec]`: the tools of the pipeline file being decoded.
  package static let tools = CodingUserInfoKey(rawValue: "retort.tools")!
}

extension ToolRef: Codable {
  package init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    let tools = decoder.userInfo[.tools] as? [String: ToolSpec] ?? [:]
    guard let spec = tools[name] else {
      let choice =
        tools.isEmpty ? "but 'tools:' declares none" : "(\(tools.keys.sorted().joined(separator: ", ")))"
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected a tool of this file \(choice), found '\(name)'"
            + NearestWord.hint(name, in: tools.keys.sorted())))
    }
    self.init(spec)
  }

  package func encode(to encoder: any Encoder) throws { try spec.identity.encode(to: encoder) }
}

/// Stands in where only a tool's name counts: for one with a mistake, and in the sample of a kind that takes a tool.
struct AbsentTool: Tool {
  private let name: String

  init(name: String) { self.name = name }

  package var offer: ToolOffer { ToolOffer(name: name, description: "", parameters: ["type": "object"]) }
  package var identity: JSON { .null }
  package var effect: ToolEffect { .pure }
  package var timeout: Double { 1 }
  package func answer(_ arguments: JSON.Object) async throws -> ToolAnswer {
    throw StageError("no tool is called while a file is checked")
  }
}

extension ToolSpec {
  /// A tool of no kind. For the sample of a kind that takes a tool, and for a tool with a mistake.
  package static func absent(_ name: String) -> ToolSpec {
    ToolSpec(ToolDeclaration(name: name), kind: .absent, corpus: nil, config: [:]) { declaration, _ in
      AbsentTool(name: declaration.name)
    }
  }
}

extension ToolEntry {
  /// That of no kind.
  private init(absent name: String) {
    self.name = name
    version = 0
    summary = ""
    keys = [:]
    corpus = []
    configShape = { ConfigShape(keys: []) }
    configure = { _ in ([:], { declaration, _ in AbsentTool(name: declaration.name) }) }
  }

  fileprivate static let absent = ToolEntry(absent: "")
  /// That of servers, which no file names under `uses:`.
  fileprivate static let server = ToolEntry(absent: "server")
}
