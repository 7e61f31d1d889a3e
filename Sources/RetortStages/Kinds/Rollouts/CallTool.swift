internal import OrderedCollections
package import RetortCore

/// Calls a tool for each row, with arguments from its columns: the gold passage, what an oracle would have found.
package struct CallTool: RowStage {
  package static let name = "call-tool"
  package static let version = 1
  package static let summary =
    "Call a tool with arguments made from the row's columns; add its result as a column."
  package static let keys = [
    "tool": "A tool of the file.",
    "arguments":
      "Arguments by name, each a text in which names in braces are columns: query: \"{{question}}\".",
    "column": "The column that takes the result; default 'result'.",
    "max_tokens": "Most tokens of the result, four characters each; default no bound.",
    ImageColumns.key:
      "Columns with images that a server with session: rollout is shown with the call, each a reference or a list of them; each row has a session of its own. Default none.",
    "images_column":
      "The column that takes the images that the tool shows, a list of references; without it they are left out, and said so.",
  ]
  package static let laterKeys: Set = [ImageColumns.key, "images_column"]

  package struct Config: Codable, Sendable {
    package var tool: ToolRef
    package var arguments: [String: String]
    package var column: String?
    package var maxTokens: Int?
    package var images: [String]?
    package var imagesColumn: String?

    package enum CodingKeys: String, CodingKey {
      case tool, arguments, column, images
      case maxTokens = "max_tokens"
      case imagesColumn = "images_column"
    }

    package init(
      tool: ToolRef, arguments: [String: String], column: String? = nil, images: [String]? = nil,
      imagesColumn: String? = nil
    ) {
      self.images = images
      self.imagesColumn = imagesColumn
      self.tool = tool
      self.arguments = arguments
      self.column = column
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package let reads: [ColumnUse]
  package var adds: [String]? { [column] + (imagesColumn.map { [$0] } ?? []) }
  private let toolbox: Toolbox
  private let offer: ToolOffer
  private let arguments: [(name: String, prompt: Prompt)]
  private let column: String
  private let most: Int?
  private let images: ImageColumns
  private let imagesColumn: String?
  private let say: @Sendable (String) -> Void

  package init(_ config: Config, in workspace: Workspace) throws {
    images = try ImageColumns(config.images)
    imagesColumn = config.imagesColumn
    say = workspace.say
    guard config.images == nil || config.tool.spec.server?.session == .rollout else {
      throw StageError(
        "images: expected a server with session: rollout as the tool, which alone is shown a row's images, found "
          + "'\(config.tool.spec.name)'", at: ["images"], isAboutKey: true)
    }
    guard imagesColumn != (config.column ?? "result") else {
      throw StageError(
        "images_column: expected another column than the result's, found '\(imagesColumn ?? "")'")
    }
    let toolbox = try workspace.toolbox([config.tool])
    let offer = toolbox.offers[0]
    (self.toolbox, self.offer) = (toolbox, offer)
    column = config.column ?? "result"
    most = config.maxTokens
    if let most, most < 1 { throw StageError("max_tokens: expected at least 1, found \(most)") }
    let known = offer.parameters["properties"]?.object?.keys.elements ?? []
    let arguments = try config.arguments.sorted { $0.key < $1.key }.map {
      name, text -> (name: String, prompt: Prompt) in
      guard known.contains(name) || known.isEmpty else {
        throw StageError(
          "arguments: expected arguments of '\(offer.name)' (\(known.joined(separator: ", "))), found '\(name)'"
            + NearestWord.hint(name, in: known), at: ["arguments", name], isAboutKey: true)
      }
      do { return (name, try Prompt(text: text)) } catch {
        throw StageError("arguments: \(error)", at: ["arguments", name])
      }
    }
    self.arguments = arguments
    let missing = (offer.parameters["required"]?.array ?? []).compactMap(\.string).filter {
      config.arguments[$0] == nil
    }
    guard missing.isEmpty else {
      throw StageError("arguments: expected '\(missing[0])', which '\(offer.name)' needs, found none")
    }
    reads = arguments.reduce(images.reads) { ColumnUse.joined($0, $1.prompt.reads) }
  }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    try await toolbox.check()
    let shown: [ImageReference]
    do { shown = try images.images(of: input) } catch {
      return .drop(reason: error.reason, detail: error.detail)
    }
    var values: JSON.Object = [:]
    for argument in arguments {
      values[argument.name] = value(of: argument.name, try argument.prompt.render(input.values))
    }
    let asked = AskedTool(name: offer.name, arguments: JSON.object(values).text)
    let place = ToolPlace(rollout: Digest(of: .object(input.values)), turn: 1, call: 1)
    let result = try await toolbox.call(asked, at: place, in: ToolVisit(images: shown))
    if let fault = result.fault { return .drop(reason: "tool: \(fault.rawValue)", detail: result.text) }
    let text = most.map { String(result.text.prefix($0 * 4)) } ?? result.text
    var columns: JSON.Object = [column: .string(text)]
    if let imagesColumn {
      columns[imagesColumn] = .array(result.images.map(\.json))
    } else if !result.images.isEmpty {
      say("'\(offer.name)' shows images, which no column takes: 'images_column' names one")
    }
    return .emit([Columns(columns)])
  }

  /// A text where the schema wants one, else what it says as JSON.
  private func value(of name: String, _ text: String) -> JSON {
    guard let kind = offer.parameters["properties"]?[name]?["type"]?.string, kind != "string" else {
      return .string(text)
    }
    return (try? JSON(parsing: text.trimmed)) ?? .string(text)
  }
}
