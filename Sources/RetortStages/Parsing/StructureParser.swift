internal import OrderedCollections
internal import RetortCore

/// Asks a model for lists of a structure of one's own: what the parsing stages do with the key `structure`.
struct StructureParser: Sendable {
  static let promptKeys = Parser.promptKeys.union(ParsingConfig.laterKeys)

  let form: StructureForm
  private let parser: Parser
  private let task: String

  /// `lists`: those that are asked for where the pipeline names none; nil for all.
  ///
  /// Errors: ``StageErrors`` about the key `lists`; ``StageError``.
  init(
    _ config: ParsingConfig, _ structure: Structure, lists: [String]? = nil, in workspace: Workspace
  ) throws {
    try structure.expectLists(config.lists)
    let form = StructureForm(structure, lists: config.lists ?? lists)
    self.form = form
    task = structure.task ?? "You take texts apart."
    parser = try Parser(
      config, in: workspace, prompt: PromptText.structure, schema: { form.schema($0) },
      form: { form.plain($0) })
  }

  var reads: [ColumnUse] {
    form.reads + [ColumnUse(SharedColumns.demonstrations, required: false)]
  }

  var adds: [String] { Array(form.lists.keys) }

  func ask(about row: JSON.Object) async throws -> StructuredReply.Result<JSON.Object> {
    let (values, demonstrations) = try shown(row)
    return try await parser.ask(
      values, demonstrations: demonstrations, columns: adds, user: form.user, read: form.read)
  }

  func prompt(of row: JSON.Object) async throws -> [ChatMessage] {
    let (values, demonstrations) = try shown(row)
    return try await parser.messages(
      values, demonstrations: demonstrations, columns: adds, user: form.user)
  }

  /// What a prompt shows of a row, and its demonstrations.
  private func shown(_ row: JSON.Object) throws -> (values: JSON.Object, demonstrations: [JSON]?) {
    var values = try form.texts(of: row)
    values["task"] = .string(task)
    values["request"] = .string(form.request)
    let demonstrations = try JSON.object(row).decode(ShownDemonstrations.self).demonstrations
    return (values, try demonstrations?.map(shown))
  }

  /// A demonstration with its texts and its result as a template shows them.
  private func shown(_ demonstration: JSON) throws -> JSON {
    let row = DemonstrationTurns.Reader(row: demonstration)
    var fields = demonstration.object ?? [:]
    fields["shown"] = .string(try form.user(row))
    fields["result"] = .string(
      JSON.object(JSON.Object(uniqueKeysWithValues: try form.lists.keys.map { ($0, try row.value($0)) })).text
    )
    return .object(fields)
  }
}

/// A row's demonstrations, whatever they are.
struct ShownDemonstrations: Decodable {
  let demonstrations: [JSON]?
}

extension StructureForm {
  /// The shown columns of a row. Errors: ``JSONError`` naming the column.
  func texts(of row: JSON.Object) throws -> JSON.Object {
    var values: JSON.Object = [:]
    for column in reads { values[column.name] = try column.text(in: row).map(JSON.string) }
    return values
  }

  /// The user's turn about a row or a demonstration. Errors: ``StageError`` naming the column that it lacks.
  func user(_ row: DemonstrationTurns.Reader) throws -> String {
    try userSections(row).joined(separator: "\n\n")
  }

  func userSections(_ row: DemonstrationTurns.Reader) throws -> [String] {
    try sections { column in
      use(column).required || row.row[column]?.string != nil ? try row.text(column) : nil
    }
  }

  /// The lists of a reply, each with what fits the structure alone.
  func read(_ json: JSON) throws(StructuredReply.Complaint) -> JSON.Object {
    var found = json.object ?? [:]
    if lists.count == 1, let name = lists.keys.first { found = [name: json[name] ?? json] }
    let reading = StructureReading(found, as: self)
    guard reading.complaints.isEmpty else { throw .init(reading.complaints.joined(separator: "; ")) }
    return JSON.Object(uniqueKeysWithValues: lists.keys.map { ($0, .array(reading.items[$0] ?? [])) })
  }
}
