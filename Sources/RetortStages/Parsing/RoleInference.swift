internal import OrderedCollections
internal import RetortCore

/// Takes a row apart with the models of a structure's roles, in the turns that the roles are trained on.
struct RoleInference: Sendable {
  let form: StructureForm
  let plan: InferencePlan
  let models: [String: any ChatModel]
  /// The system turn of a role.
  let system: @Sendable (_ role: String) async throws -> String
  let sampling: Sampling
  let bounds: ListBounds
  let strict: Bool
  let repair: Int
  /// With fewer items a list is asked for once more; 0 for lists that it does not name.
  let least: [String: Int]
  let fallsBack: Bool
  /// Whether lists are asked for as the key `items` of an object.
  let asksForObjects: Bool
  let isBalanced: Bool
  /// Whether `true` without quotation marks is a word of an enum.
  let takesBooleans: Bool

  /// A reply that cannot be used ends the row as a drop.
  struct Useless: Error {
    let reason: String
    let detail: String
  }

  private typealias Listed = (value: [JSON], complaint: [String])

  /// The lists of a row, each a column, and what could not be parsed, one sentence each.
  ///
  /// Errors: ``Useless`` without `fallback`; ``ModelError``.
  func lists(
    of texts: [String: String], demonstrations: [StructuredRow]
  ) async throws -> (lists: JSON.Object, complaints: [String]) {
    let listed = try await listed(plan.parts[...], texts, demonstrations)
    var complaints = listed.flatMap(\.complaint)
    var lists: JSON.Object = [:]
    for (part, found) in zip(plan.parts, listed) {
      guard part.list.fields != nil else {
        lists[part.name] = .array(found.value)
        continue
      }
      var items: [JSON] = []
      for value in found.value {
        let (item, more) = try await filled(value, of: part, texts, demonstrations)
        items.append(item)
        complaints += more
      }
      lists[part.name] = .array(items)
    }
    return (lists, complaints)
  }

  /// All at once; where several cannot be used, the last one's complaint stands.
  private func listed(
    _ parts: ArraySlice<InferencePlan.Part>, _ texts: [String: String], _ demonstrations: [StructuredRow]
  ) async throws -> [Listed] {
    guard let last = parts.last else { return [] }
    async let before = listed(parts.dropLast(), texts, demonstrations)
    let own = try await parsed(or: []) { try await list(last, texts, demonstrations) }
    return try await before + [own]
  }

  /// What was parsed, or the fallback with the complaint where the pipeline wants one.
  private func parsed<Value: Sendable>(
    or fallback: Value, _ parse: () async throws -> Value
  ) async throws -> (value: Value, complaint: [String]) {
    do { return (try await parse(), []) } catch let useless as Useless where fallsBack {
      return (fallback, ["\(useless.detail) (\(useless.reason))"])
    }
  }

  // MARK: - Lists

  private func list(
    _ part: InferencePlan.Part, _ texts: [String: String], _ demonstrations: [StructuredRow]
  ) async throws -> [JSON] {
    let least = least[part.name] ?? 0
    let user = form.structure.prompt(part.listing.act, texts: texts, target: .array([])).user
    let first = try await list(part, user, demonstrations)
    guard first.count < least else { return first }
    let again = try await list(part, user + " Name at least \(least).", demonstrations)
    // A model that keeps to fewer items than asked for is believed.
    return again.count > first.count ? again : first
  }

  private func list(
    _ part: InferencePlan.Part, _ user: String, _ demonstrations: [StructuredRow]
  ) async throws -> [JSON] {
    let turns = demonstrations.map { row in
      let items = row.lists[part.name] ?? []
      let target = part.field.map { name in items.compactMap { $0[name] }.filter { !$0.isNull } } ?? items
      return form.structure.prompt(part.listing.act, texts: row.texts, target: .array(target))
    }
    func read(_ json: JSON) throws(StructuredReply.Complaint) -> [JSON] {
      guard let items = json.array ?? (asksForObjects ? json["items"]?.array : nil),
        !isOfTexts(part) || items.allSatisfy({ $0.string != nil })
      else {
        throw .init("Expected a JSON list of \(isOfTexts(part) ? "texts" : "items"), found \(json.kind)")
      }
      return items.map { plain($0, part) }
    }
    func shape(_ bounds: ListBounds) -> JSON {
      let list: JSON = [
        "type": "array", "maxItems": .int(Int64(bounds.items(most: part.list.most))),
        "items": form.schema(ofItemsOf: part.name, field: part.field, bounds),
      ]
      return asksForObjects ? StructureForm.object([("items", list)]) : list
    }
    // The list alone is taken too, as the roles were trained to write it.
    let isObject = asksForObjects
    let taken: @Sendable (JSON) -> JSON = { [self] json in
      guard let items = json.array ?? json["items"]?.array else { return json }
      let list = JSON.array(items.map { plain($0, part) })
      guard var fields = json.object else { return isObject ? ["items": list] : list }
      fields["items"] = list
      return .object(fields)
    }
    return try await ask(
      part.listing.role, user, turns, schema: shape, form: taken, read: read)
  }

  private func isOfTexts(_ part: InferencePlan.Part) -> Bool {
    guard let fields = part.list.fields else { return true }
    return part.field.map { form.words(part.name, $0) == nil && fields[$0]?.type != .number } ?? false
  }

  /// An item of a list as a role answers with it, its enums as the schema has them.
  private func plain(_ item: JSON, _ part: InferencePlan.Part) -> JSON {
    guard let field = part.field else { return form.plain(item, of: part.name) }
    guard let words = form.words(part.name, field), let text = word(item) else { return item }
    return .string(words.value(of: text))
  }

  private func word(_ json: JSON?) -> String? {
    json?.string ?? (takesBooleans ? json?.bool.map { "\($0)" } : nil)
  }

  // MARK: - Items

  /// An item with all its fields, in the structure's order.
  private func filled(
    _ value: JSON, of part: InferencePlan.Part, _ texts: [String: String], _ demonstrations: [StructuredRow]
  ) async throws -> (item: JSON, complaints: [String]) {
    var item = part.field.map { [$0: value] } ?? value.object ?? [:]
    var complaints: [String] = []
    for asked in part.filling {
      // What it would be given was not found.
      guard let prompt = form.structure.prompt(asked.act, texts: texts, item: .object(item)) else { continue }
      let shown = item
      let found = try await parsed(or: [:]) {
        try await answer(to: asked, of: part, prompt.user, demonstrations)
      }
      item = shown.merging(found.value) { known, _ in known }
      complaints += found.complaint
    }
    let fields = (part.list.fields?.values ?? [:]).map { name, field in
      (name, item[name] ?? Self.fallback(field))
    }
    return (.object(JSON.Object(uniqueKeysWithValues: fields)), complaints)
  }

  /// What stands where nothing was found: of a verdict, that it does not hold.
  private static func fallback(_ field: Structure.Field) -> JSON {
    if let values = field.values { return values.contains { $0.text == "false" } ? "false" : .null }
    return field.type == .number || field.required == false ? .null : ""
  }

  /// The fields that an act gives of an item.
  private func answer(
    to asked: InferencePlan.Asked, of part: InferencePlan.Part, _ user: String,
    _ demonstrations: [StructuredRow]
  ) async throws -> JSON.Object {
    let gives = asked.act.gives ?? []
    let shown = zip(demonstrations, items(shown: gives, of: part, in: demonstrations))
    let turns = shown.compactMap { row, item in
      item.flatMap { form.structure.prompt(asked.act, texts: row.texts, item: $0) }
    }
    return try await ask(
      asked.role, user, turns,
      schema: { form.schema(of: (asked.act.given ?? []) + gives, in: part.name, $0) },
      form: { [form] in form.plain($0, of: part.name) },
      read: { json throws(StructuredReply.Complaint) in
        var found: JSON.Object = [:]
        for name in gives { found[name] = try value(of: name, of: part, in: json) }
        return found
      })
  }

  private func value(
    of name: String, of part: InferencePlan.Part, in json: JSON
  ) throws(StructuredReply.Complaint) -> JSON {
    guard let field = part.list.fields?[name] else { return .null }
    let value = json[name]
    if field.required == false, value == nil || value == .null { return .null }
    if field.type == .number {
      guard let value, value.number != nil else { throw .init("Expected a number under \"\(name)\"") }
      return value
    }
    guard let words = form.words(part.name, name) else {
      guard let value, value.string != nil else { throw .init("Expected a text under \"\(name)\"") }
      return value
    }
    guard let text = word(value) else { throw .init("Expected a text under \"\(name)\"") }
    let word = words.value(of: text)
    guard words.contains(word) else {
      let known = (field.values ?? []).map { "\"\($0.text)\"" }.listed("or")
      throw .init("Expected \(known) under \"\(name)\", found \"\(text)\"")
    }
    return .string(word)
  }

  /// Of each demonstration one item: the first, or, of an enum, so that all its values are shown equally often as far as
  /// the items allow.
  private func items(
    shown gives: [String], of part: InferencePlan.Part, in demonstrations: [StructuredRow]
  ) -> [JSON?] {
    guard isBalanced, let field = gives.first(where: { form.words(part.name, $0) != nil }) else {
      return demonstrations.map { $0.lists[part.name]?.first }
    }
    var shown: [String: Int] = [:]
    return demonstrations.map { row in
      let items = (row.lists[part.name] ?? []).map { form.plain($0, of: part.name) }
      func count(_ item: JSON) -> Int { shown[item[field]?.string ?? "", default: 0] }
      let item = items.min { count($0) < count($1) }
      if let item { shown[item[field]?.string ?? "", default: 0] += 1 }
      return item
    }
  }

  // MARK: - Asking

  private func ask<Value: Sendable>(
    _ role: String, _ user: String, _ demonstrations: [RolePrompt], schema: (ListBounds) -> JSON,
    form: @escaping @Sendable (JSON) -> JSON, read: (JSON) throws(StructuredReply.Complaint) -> Value
  ) async throws -> Value {
    guard let model = models[role] else { preconditionFailure("every role that is asked has a model") }
    let turns = demonstrations.flatMap { [ChatMessage.user($0.user), .assistant($0.target)] }
    let reply = StructuredReply(
      model: model, sampling: sampling, schema: strict ? schema(bounds) : nil,
      rules: try .init(schema(strict ? bounds : .none), form: form), attempts: repair)
    let messages = [.system(try await system(role))] + turns + [.user(user)]
    switch try await reply.ask(messages, read: read) {
    case .value(let value, _): return value
    case .useless(let reason, let detail): throw Useless(reason: reason, detail: "\(role): \(detail)")
    }
  }
}

extension StructureForm {
  /// Of an object with some fields of a list's items.
  func schema(of fields: [String], in list: String, _ bounds: ListBounds) -> JSON {
    let known = lists[list]?.fields
    return Self.object(fields.compactMap { name in known?[name].map { (name, Self.schema($0, bounds)) } })
  }

  /// Of what a role lists: a list's items, or one field of each.
  func schema(ofItemsOf list: String, field: String?, _ bounds: ListBounds) -> JSON {
    guard let known = lists[list]?.fields else { return bounds.text }
    guard let field, let value = known[field] else { return schema(of: known.names, in: list, bounds) }
    return Self.schema(value, bounds, isListed: true)
  }
}
