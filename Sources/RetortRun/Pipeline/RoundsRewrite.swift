internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// Unrolls `rounds:` into ordinary stages, nodes in and nodes out: round 2 of `ask` under `play` is the stage
/// `play[2].ask`. Between two rounds stands a gate, `play[1]`; `until:` is a filter, and `play.ask.last` what passes the
/// gate that says that its round is the last.
struct RoundsRewrite {
  /// What a stage that was made is, beside its node.
  struct Made {
    var place: RoundPlace
    /// Of a kind that no file can name; nil for one of the catalog.
    var entry: StageEntry?
  }

  let catalog: Catalog
  private let root: PlacedNode
  private(set) var mistakes: [Diagnostic] = []
  private(set) var blocks: OrderedDictionary<String, RoundBlock> = [:]
  /// By the name of the stage.
  private(set) var made: [String: Made] = [:]
  /// Stages that take a union of rounds.
  private(set) var uniting: Set<String> = []
  /// Stages of which only the last round's rows are asked for, by their labels.
  private var lasts: OrderedSet<String> = []

  init(_ root: PlacedNode, catalog: Catalog, log: DecodingLog) {
    self.catalog = catalog
    self.root = root
    guard let rounds = root.entries?["rounds"] else { return }
    guard let entries = rounds.node.entries, !entries.isEmpty else {
      report(rounds.node.place, "expected a mapping of rounds, each under a name, found \(rounds.node.found)")
      return
    }
    for (name, entry) in entries { read(name, entry, log) }
    for block in blocks.values { check(block) }
  }

  private mutating func report(_ place: FilePosition, _ message: String) {
    mistakes.append(Diagnostic(place, message))
  }

  // MARK: Reading

  private mutating func read(_ name: String, _ entry: PlacedNode.Entry, _ log: DecodingLog) {
    let node = entry.node
    guard let fields = NodeDecoder.decode(RoundFields.self, from: node, log: log) else { return }
    if let number = node["max"]?.scalar?.int, !(1...Int64(RoundBlock.mostRounds)).contains(number) {
      report(node.place(of: "max"), "expected 1 to \(RoundBlock.mostRounds) rounds, found \(number)")
    }
    if node["stages"]?.entries?.isEmpty == true {
      report(node.place(of: "stages"), "expected at least one stage, found none")
    }
    var carry: OrderedDictionary<String, String> = [:]
    for (outer, inner) in node["carry"]?.entries ?? [:] {
      guard let word = inner.node.string else {
        report(inner.node.place, "expected a stage of these rounds, found \(inner.node.found)")
        continue
      }
      carry[outer] = word
    }
    let outer = root["stages"]?.entries?.keys
    let aliases = root["models"]?.entries?.keys
    let models = carry.filter { aliases?.contains($0.key) ?? false && outer?.contains($0.key) != true }
    blocks[name] = RoundBlock(
      name: name, keyPlace: entry.keyPlace, node: node,
      max: min(max(1, fields.max), RoundBlock.mostRounds), carry: carry.filter { models[$0.key] == nil },
      models: models,
      stages: node["stages"]?.entries ?? [:])
  }

  private mutating func check(_ block: RoundBlock) {
    let outer = root["stages"]?.entries?.keys.elements ?? []
    if let twin = root["stages"]?.entries?[block.name] {
      report(
        block.keyPlace,
        "expected a name that no stage has, found '\(block.name)', a stage at \(twin.keyPlace)")
    }
    for (name, entry) in block.stages {
      let others = blocks.values.filter { $0.name != block.name }
      let twin =
        root["stages"]?.entries?[name]?.keyPlace ?? blocks[name]?.keyPlace
        ?? others.lazy.compactMap { $0.stages[name]?.keyPlace }.first
      if name == RoundBlock.until {
        report(entry.keyPlace, "expected another stage name, found 'until', which rounds use themselves")
      } else if let twin {
        report(
          entry.keyPlace,
          "expected a name that is used once in the file, found '\(name)' again, after \(twin)")
      }
    }
    let aliases = root["models"]?.entries?.keys.elements ?? []
    for (name, carried) in block.node["carry"]?.entries ?? [:] {
      if block.models[name] != nil {
        if let word = carried.node.string { checkInner(word, carried.node.place, block) }
        continue
      }
      if union(name) == nil, !outer.contains(name) {
        report(
          carried.keyPlace,
          "expected a stage outside of these rounds (\(outer.joined(separator: ", "))) or a model, found '\(name)'"
            + NearestWord.hint(name, in: outer + aliases))
      } else if !block.reads(name) {
        report(
          carried.keyPlace,
          "expected a stage that these rounds read, found '\(name)', which none of them takes")
      }
      if let word = carried.node.string { checkInner(word, carried.node.place, block) }
    }
    if let of = block.node["until"]?["of"], let word = of.string { checkInner(word, of.place, block) }
  }

  private mutating func checkInner(_ name: String, _ place: FilePosition, _ block: RoundBlock) {
    guard !block.names.contains(name) else { return }
    report(
      place,
      "expected a stage of the rounds '\(block.name)' (\(block.names.joined(separator: ", "))), found '\(name)'"
        + NearestWord.hint(name, in: block.names))
  }

  // MARK: Names

  /// The stages that `play.ask` or `play.ask.last` stands for; nil for another name.
  private func union(_ name: String) -> (stages: [String], label: String, isLast: Bool)? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 || parts.count == 3 && parts[2] == "last", let block = blocks[parts[0]],
      block.stages[parts[1]] != nil
    else { return nil }
    let rounds = (1...block.max).map { block.stage(parts[1], in: $0) }
    return parts.count == 2
      ? (rounds, block.label(parts[1]), false) : (rounds.map { "\($0).last" }, block.label(parts[1]), true)
  }

  /// What a name under `from:` stands for, within a round or outside of all.
  private mutating func resolved(_ name: String, in round: (block: RoundBlock, number: Int)?) -> [String] {
    if let (block, number) = round {
      if block.stages[name] != nil { return [block.stage(name, in: number)] }
      if number > 1, let inner = block.carry[name], block.stages[inner] != nil {
        return [block.stage(inner, in: number - 1)]
      }
    }
    guard let union = union(name) else { return [name] }
    if union.isLast { lasts.append(union.label) }
    return union.stages
  }

  // MARK: Unrolling

  /// The file with its rounds among its stages.
  mutating func unrolled() -> PlacedNode {
    guard !blocks.isEmpty, var sections = root.entries else { return root }
    let outer = (sections["stages"]?.node.entries ?? [:]).mapValues {
      PlacedNode.Entry(keyPlace: $0.keyPlace, node: $0.node)
    }
    var parts: OrderedDictionary<String, OrderedDictionary<String, PlacedNode.Entry>> = [:]
    var plain: OrderedDictionary<String, PlacedNode.Entry> = [:]
    for (name, entry) in outer { plain[name] = rewritten(entry, as: name, in: nil) }
    for block in blocks.values {
      for number in 1...block.max { add(number, of: block, to: &parts[block.name, default: [:]]) }
    }
    // Others may ask for them, so that they come last of their rounds.
    for label in lasts { addLast(label, to: &parts[String(label.prefix { $0 != "." }), default: [:]]) }
    var inner: OrderedDictionary<String, PlacedNode.Entry> = [:]
    for part in parts.values { inner.merge(part) { first, _ in first } }
    let roundsFirst =
      sections.keys.firstIndex(of: "rounds") ?? 0 < sections.keys.firstIndex(of: "stages") ?? 0
    let all = roundsFirst ? inner.merging(plain) { $1 } : plain.merging(inner) { $1 }
    let place = sections["stages"]?.keyPlace ?? root.place(of: "rounds")
    sections["rounds"] = nil
    sections["stages"] = PlacedNode.Entry(
      keyPlace: place, node: PlacedNode(place: sections["stages"]?.node.place ?? place, value: .mapping(all)))
    return PlacedNode(place: root.place, value: .mapping(sections))
  }

  private mutating func add(
    _ number: Int, of block: RoundBlock, to stages: inout OrderedDictionary<String, PlacedNode.Entry>
  ) {
    let entrance =
      number > 1 ? RoundPlace.Entrance(gate: block.gate(after: number - 1), goesOn: true) : nil
    var names: [String] = []
    func place(of label: String, _ name: String? = nil) -> RoundPlace {
      RoundPlace(block: block.name, number: number, label: label, name: name, entrance: entrance)
    }
    let models = block.models.filter { block.stages[$0.value] != nil }
    for (name, entry) in block.stages {
      let stage = block.stage(name, in: number)
      names.append(stage)
      stages[stage] = rewritten(entry, as: stage, in: (block, number))
      made[stage] = Made(place: place(of: block.label(name), name))
      if number > 1 {
        made[stage]?.place.models = Dictionary(
          uniqueKeysWithValues: models.map { ($0, block.model($1, in: number - 1)) })
      }
    }
    if let until = block.node["until"], let of = until["of"]?.string, block.stages[of] != nil {
      let stage = block.stage(RoundBlock.until, in: number)
      names.append(stage)
      let conditions = until["where"].map { [("where", $0)] } ?? []
      stages[stage] = Self.node(
        at: until.place, uses: "filter", [("from", text(block.stage(of, in: number), until.place))],
        with: conditions)
      made[stage] = Made(place: place(of: block.label(RoundBlock.until)))
    }
    // Nothing waits behind the last one.
    guard number < block.max else { return }
    for inner in OrderedSet(models.values) {
      let stage = block.model(inner, in: number)
      let said = block.node["carry"]?.entries?.first { models[$0.key] == inner }
      let written = said?.value.node.place ?? block.keyPlace
      names.append(stage)
      stages[stage] = Self.node(
        at: written, uses: RoundModel.name, [("from", text(block.stage(inner, in: number), written))],
        with: [])
      made[stage] = Made(
        place: place(of: "\(block.label(inner)).model"), entry: StageEntry(RoundModel.self))
    }
    let gate = block.gate(after: number)
    let carry = block.carry.filter { block.stages[$0.value] != nil }
    var sets = carry.map { outer, inner in
      (RoundGate.role(of: outer), text(block.stage(inner, in: number), block.keyPlace))
    }
    sets += models.map { alias, inner in
      (RoundGate.role(of: alias), text(block.model(inner, in: number), block.keyPlace))
    }
    if block.node["until"] != nil {
      sets.append((RoundGate.untilRole, text(block.stage(RoundBlock.until, in: number), block.keyPlace)))
    }
    let until = PlacedNode(place: block.keyPlace, value: .scalar(.bool(block.node["until"] != nil)))
    stages[gate] = Self.node(
      at: block.keyPlace, uses: RoundGate.name, [("using", Self.mapping(sets, block.keyPlace))],
      with: [("carried", list(carry.keys.elements, block.keyPlace)), ("until", until)]
        + (models.isEmpty ? [] : [("models", list(models.keys.elements, block.keyPlace))]))
    var gatePlace = place(of: block.name)
    gatePlace.after = names
    gatePlace.decides = true
    made[gate] = Made(place: gatePlace, entry: StageEntry(RoundGate.self))
  }

  /// Of each round, a stage that passes its rows on where that round is the last.
  private mutating func addLast(
    _ label: String, to stages: inout OrderedDictionary<String, PlacedNode.Entry>
  ) {
    let parts = label.split(separator: ".").map(String.init)
    guard let block = blocks[parts[0]] else { return }
    for number in 1...block.max {
      let source = block.stage(parts[1], in: number)
      stages["\(source).last"] = Self.node(
        at: block.keyPlace, uses: RoundLast.name, [("from", text(source, block.keyPlace))], with: [])
      let entrance: RoundPlace.Entrance? =
        if number < block.max {
          .init(gate: block.gate(after: number), goesOn: false)
        } else if number > 1 {
          .init(gate: block.gate(after: number - 1), goesOn: true)
        } else { nil }
      made["\(source).last"] = Made(
        place: RoundPlace(block: block.name, number: number, label: "\(label).last", entrance: entrance),
        entry: StageEntry(RoundLast.self))
    }
  }

  /// A stage's entry with the names of stages as they are in a round.
  private mutating func rewritten(
    _ entry: PlacedNode.Entry, as stage: String, in round: (block: RoundBlock, number: Int)?
  ) -> PlacedNode.Entry {
    guard var fields = entry.node.entries else { return entry }
    let made = names(of: fields["from"]?.node, as: stage, in: round)
    if let made { fields["from"]?.node = made }
    if let using = fields["using"]?.node, let roles = using.entries {
      let renamed = roles.mapValues { PlacedNode.Entry(keyPlace: $0.keyPlace, node: one($0.node, in: round)) }
      fields["using"]?.node = PlacedNode(place: using.place, value: .mapping(renamed))
    }
    if let per = fields["per"]?.node { fields["per"]?.node = one(per, in: round) }
    let kind = fields["uses"]?.node.string.flatMap { catalog[$0] }
    if let with = fields["with"]?.node, var keys = with.entries, let kind {
      for key in kind.configShape().keys where key.value == .stage {
        if let node = keys[key.name]?.node { keys[key.name]?.node = one(node, in: round) }
      }
      if let round {
        name(exports: kind, &keys, round.number)
        for key in kind.numberedKeys {
          if kind.keepsFiles { keep(keys[key]?.node, round.number) }
          keys[key]?.node.number(round.number)
        }
      }
      fields["with"]?.node = PlacedNode(place: with.place, value: .mapping(keys), variables: with.variables)
    }
    return PlacedNode.Entry(
      keyPlace: entry.keyPlace, node: PlacedNode(place: entry.node.place, value: .mapping(fields)))
  }

  private mutating func names(
    of from: PlacedNode?, as stage: String, in round: (block: RoundBlock, number: Int)?
  ) -> PlacedNode? {
    guard let from else { return nil }
    let nodes = from.list ?? [from]
    var all: [PlacedNode] = []
    for node in nodes {
      guard let name = node.string else {
        all.append(node)
        continue
      }
      refuseSingle(name, node.place)
      let found = resolved(name, in: round)
      if found != [name], union(name) != nil,
        round.map({ $0.number == 1 || $0.block.carry[name] == nil }) ?? true
      {
        uniting.insert(stage)
      }
      all += found.map { text($0, node.place) }
    }
    if from.list == nil, all.count == 1 { return all[0] }
    return PlacedNode(place: from.place, value: .list(all))
  }

  /// A name where one stage must stand; a union of rounds stays as it is written, for the graph to refuse.
  private mutating func one(_ node: PlacedNode, in round: (block: RoundBlock, number: Int)?) -> PlacedNode {
    guard let name = node.string else { return node }
    refuseSingle(name, node.place)
    guard union(name) == nil || round.map({ $0.number > 1 && $0.block.carry[name] != nil }) ?? false else {
      return node
    }
    return text(resolved(name, in: round)[0], node.place)
  }

  /// The names of single rounds are the program's own: a file that names one would change its meaning with `max:`.
  private mutating func refuseSingle(_ name: String, _ place: FilePosition) {
    guard let block = blocks[String(name.prefix { $0 != "[" })], name.contains("[") else { return }
    report(
      place,
      "expected a stage of all rounds, as '\(block.label(block.names.first ?? ""))', or of the last one, as "
        + "'\(block.label(block.names.first ?? "")).last', found one of a single round")
  }

  /// Where exports of a round write.
  private mutating func name(
    exports kind: StageEntry, _ keys: inout OrderedDictionary<String, PlacedNode.Entry>, _ round: Int
  ) {
    for destination in kind.destinations {
      guard let node = keys[destination.key]?.node, let path = node.string, !path.isEmpty else { continue }
      if !path.contains("{round}"), round == 1 {
        report(
          node.place,
          "expected '{round}' in the path of an export inside rounds, each of which writes a file of its own, found "
            + "'\(path)'")
      }
      let named = path.contains("{round}") ? path.replacing("{round}", with: "\(round)") : "\(path).\(round)"
      keys[destination.key]?.node = PlacedNode(
        place: node.place, value: .scalar(.string(named)), variables: node.variables)
    }
  }

  /// What a round keeps is its own: one that the next round overwrites would be made again in every run.
  private mutating func keep(_ node: PlacedNode?, _ round: Int) {
    guard round == 1, let node, let path = node.string, !path.isEmpty, !path.contains("{round}") else {
      return
    }
    report(
      node.place,
      "expected '{round}' in the folder of what a round trains, each of which has one of its own, found '\(path)'"
    )
  }

  // MARK: Nodes

  private func text(_ text: String, _ place: FilePosition) -> PlacedNode {
    PlacedNode(place: place, value: .scalar(.string(text)))
  }

  private func list(_ words: [String], _ place: FilePosition) -> PlacedNode {
    PlacedNode(place: place, value: .list(words.map { text($0, place) }))
  }

  private static func mapping(_ pairs: [(String, PlacedNode)], _ place: FilePosition) -> PlacedNode {
    let entries = pairs.map { ($0, PlacedNode.Entry(keyPlace: $1.place, node: $1)) }
    return PlacedNode(place: place, value: .mapping(OrderedDictionary(uniqueKeysWithValues: entries)))
  }

  private static func node(
    at place: FilePosition, uses kind: String, _ fields: [(String, PlacedNode)], with: [(String, PlacedNode)]
  ) -> PlacedNode.Entry {
    let uses = PlacedNode(place: place, value: .scalar(.string(kind)))
    let all = [("uses", uses)] + fields + (with.isEmpty ? [] : [("with", mapping(with, place))])
    return PlacedNode.Entry(keyPlace: place, node: mapping(all, place))
  }
}

extension PlacedNode {
  /// Puts a round's number in the place of `{round}` in every text.
  fileprivate mutating func number(_ round: Int) {
    switch value {
    case .scalar(.string(let text)): value = .scalar(.string(text.replacing("{round}", with: "\(round)")))
    case .scalar: break
    case .list(var nodes):
      for index in nodes.indices { nodes[index].number(round) }
      value = .list(nodes)
    case .mapping(var entries):
      for index in entries.values.indices { entries.values[index].node.number(round) }
      value = .mapping(entries)
    }
  }
}

extension RoundBlock {
  /// Whether one of its stages takes rows or a set of the stage of that name.
  fileprivate func reads(_ name: String) -> Bool {
    stages.values.contains { entry in
      let node = entry.node
      let from = node["from"].map { $0.list ?? [$0] } ?? []
      let using = node["using"]?.entries?.values.map(\.node) ?? []
      return (from + using + [node["per"]].compactMap(\.self)).contains { $0.string == name }
    }
  }
}
