internal import OrderedCollections

extension JSONSchema {
  /// Most complaints about one value.
  private static let complaints = 5

  /// What about the value does not fit, each with its place in it, as in `grade: expected an integer, found "5"`.
  /// Empty where it fits; the first five where it has more.
  package func complaints(about value: JSON) -> [String] {
    var check = SchemaCheck(schema: self, most: Self.complaints)
    check.hold(value, to: json)
    return check.complaints
  }

  package func fits(_ value: JSON) -> Bool { complaints(about: value).isEmpty }
}

/// Holds one value against a schema.
struct SchemaCheck {
  let schema: JSONSchema
  /// With so many complaints the rest is not looked at.
  let most: Int
  private(set) var complaints: [String] = []
  /// The deepest place that a complaint is about.
  private(set) var reach = 0
  private var path: [String] = []
  /// How many more schemas may be held against a part: alternatives of alternatives have no end.
  private var left = Self.steps
  private static let steps = 4_000_000

  init(schema: JSONSchema, most: Int) {
    self.schema = schema
    self.most = most
  }

  mutating func hold(_ value: JSON, to rules: JSON) {
    guard complaints.count < most else { return }
    left -= 1
    guard left > 0 else {
      return complain("expected a value that can be checked in \(Self.steps) steps, found more")
    }
    if rules.bool == false { return complain("expected nothing here, found \(Self.found(value))") }
    guard let rules = rules.object else { return }
    if rules["nullable"]?.bool == true, value.isNull { return }
    if let reference = rules["$ref"]?.string, let target = JSONSchema.target(of: reference, in: schema.json) {
      hold(value, to: target)
    }
    if let type = rules["type"], !Self.has(value, type) {
      // What is of another kind has no bounds to keep.
      return complain("expected \(Self.words(rules)), found \(Self.found(value))")
    }
    holdToValues(value, rules)
    switch value {
    case .int, .double: holdNumber(value, rules)
    case .string(let text): hold(text, rules)
    case .array(let elements): hold(elements, rules)
    case .object(let fields): hold(fields, rules)
    case .null, .bool: break
    }
    holdToOthers(value, rules)
  }

  private mutating func complain(_ message: String) {
    guard complaints.count < most else { return }
    reach = max(reach, path.count)
    var place = ""
    for part in path {
      place += Int(part) == nil ? (place.isEmpty ? "" : ".") + part.prefix(80) : "[\(part)]"
    }
    complaints.append(
      place.isEmpty ? message.prefix(1).uppercased() + message.dropFirst() : "\(place): \(message)")
  }

  private mutating func hold(_ value: JSON, to rules: JSON, at part: String) {
    path.append(part)
    hold(value, to: rules)
    path.removeLast()
  }

  private mutating func complain(at part: String, _ message: String) {
    path.append(part)
    complain(message)
    path.removeLast()
  }

  /// Whether the value fits `rules`, with what was complained about where it does not.
  private mutating func trial(_ value: JSON, _ rules: JSON) -> SchemaCheck? {
    var check = SchemaCheck(schema: schema, most: 1)
    check.path = path
    check.left = left
    check.hold(value, to: rules)
    left = max(0, check.left)
    // Whether it fits is not known then.
    if left == 0 { hold(value, to: rules) }
    return check.complaints.isEmpty ? nil : check
  }

  // MARK: Any value

  private mutating func holdToValues(_ value: JSON, _ rules: JSON.Object) {
    if let options = rules["enum"]?.array {
      let text = value.sameness
      if !options.contains(where: { $0.sameness == text }) {
        let shown = options.prefix(20).map(\.text).joined(separator: ", ")
        complain("expected one of \(shown)\(options.count > 20 ? ", …" : ""), found \(Self.found(value))")
      }
    }
    if let wanted = rules["const"], wanted.sameness != value.sameness {
      complain("expected \(wanted.text), found \(Self.found(value))")
    }
  }

  private mutating func holdToOthers(_ value: JSON, _ rules: JSON.Object) {
    for rules in rules["allOf"]?.array ?? [] { hold(value, to: rules) }
    if let choices = rules["anyOf"]?.array { holdToOne(value, choices) }
    if let choices = rules["oneOf"]?.array {
      var fitting = 0
      for rules in choices where trial(value, rules) == nil { fitting += 1 }
      if fitting == 0 { holdToOne(value, choices) }
      if fitting > 1 {
        complain("expected to fit one form of \(choices.count), found that it fits \(fitting)")
      }
    }
    if let other = rules["not"], trial(value, other) == nil {
      complain("expected another value than \(other.text.prefix(200)) describes, found \(Self.found(value))")
    }
    if let condition = rules["if"] {
      if let then = rules[trial(value, condition) == nil ? "then" : "else"] { hold(value, to: then) }
    }
  }

  /// Complains as the form does that the value comes nearest to.
  private mutating func holdToOne(_ value: JSON, _ choices: [JSON]) {
    var nearest: SchemaCheck?
    for rules in choices {
      guard let check = trial(value, rules) else { return }
      if check.reach > nearest?.reach ?? -1 { nearest = check }
    }
    guard let nearest, complaints.count < most else { return }
    if nearest.reach > path.count {
      complaints += nearest.complaints
      reach = max(reach, nearest.reach)
    } else {
      let words = choices.compactMap(\.object).map(Self.words).filter { !$0.isEmpty }
      complain(
        "expected \(words.isEmpty ? "one of \(choices.count) forms" : words.joined(separator: " or ")), found \(Self.found(value))"
      )
    }
  }

  // MARK: Numbers and texts

  private mutating func holdNumber(_ value: JSON, _ rules: JSON.Object) {
    for (name, allowed, words) in [
      ("minimum", [JSONNumber.Order.above, .same], "at least"), ("exclusiveMinimum", [.above], "more than"),
      ("maximum", [.below, .same], "at most"), ("exclusiveMaximum", [.below], "less than"),
    ] {
      if let bound = rules[name], bound.number != nil, !allowed.contains(JSONNumber.compare(value, bound)) {
        complain("expected \(words) \(bound.text), found \(value.text)")
      }
    }
    if let divisor = rules["multipleOf"], !JSONNumber.isMultiple(value, of: divisor) {
      complain("expected a multiple of \(divisor.text), found \(value.text)")
    }
    holdToFormat(value, rules)
  }

  private mutating func hold(_ text: String, _ rules: JSON.Object) {
    if rules["minLength"] != nil || rules["maxLength"] != nil {
      bound(text.unicodeScalars.count, rules["minLength"], rules["maxLength"], "characters")
    }
    if let pattern = rules["pattern"]?.string { hold(text, toPattern: pattern) }
    holdToFormat(.string(text), rules)
  }

  private mutating func hold(_ text: String, toPattern pattern: String) {
    switch schema.patterns[pattern]?.isFound(in: text) {
    case true?: break
    case false?: complain("expected a text that matches \(pattern), found \(Self.found(.string(text)))")
    default: complain("expected a text that \(pattern) can be looked for in, found one that takes too long")
    }
  }

  private mutating func holdToFormat(_ value: JSON, _ rules: JSON.Object) {
    guard let name = rules["format"]?.string, let format = SchemaFormat(rawValue: name), !format.fits(value)
    else { return }
    complain("expected the format \(name), found \(Self.found(value))")
  }

  private mutating func bound(_ count: Int, _ least: JSON?, _ most: JSON?, _ what: String) {
    if let least = least?.int, count < least {
      complain("expected at least \(least) \(what), found \(count)")
    }
    if let most = most?.int, count > most { complain("expected at most \(most) \(what), found \(count)") }
  }

  // MARK: Lists

  private mutating func hold(_ elements: [JSON], _ rules: JSON.Object) {
    bound(elements.count, rules["minItems"], rules["maxItems"], "elements")
    let first = rules["prefixItems"]?.array ?? []
    for (index, element) in elements.enumerated() {
      if index < first.count {
        hold(element, to: first[index], at: "\(index)")
      } else if let rules = rules["items"] {
        hold(element, to: rules, at: "\(index)")
      }
    }
    if rules["uniqueItems"]?.bool == true {
      var seen: [String: Int] = [:]
      for (index, element) in elements.enumerated() {
        if let before = seen.updateValue(index, forKey: element.sameness) {
          complain(at: "\(index)", "expected different elements, found the same as [\(before)]")
          break
        }
      }
    }
    if let wanted = rules["contains"] {
      var count = 0
      for element in elements where trial(element, wanted) == nil { count += 1 }
      bound(
        count, rules["minContains"] ?? 1, rules["maxContains"],
        "elements that are \(wanted.object.map(Self.words) ?? "")")
    }
  }

  // MARK: Objects

  private mutating func hold(_ fields: JSON.Object, _ rules: JSON.Object) {
    let properties = rules["properties"]?.object ?? [:]
    func missing(_ name: String) -> Bool { fields[name] == nil }
    for name in (rules["required"]?.array ?? []).compactMap(\.string) where missing(name) {
      complain(at: name, "expected \(properties[name]?.object.map(Self.words) ?? "a value"), found nothing")
    }
    for (name, needed) in rules["dependentRequired"]?.object ?? [:] where !missing(name) {
      for other in (needed.array ?? []).compactMap(\.string) where missing(other) {
        complain(at: other, "expected a value beside \(name), found nothing")
      }
    }
    bound(fields.count, rules["minProperties"], rules["maxProperties"], "keys")
    for (name, value) in fields { hold(value, under: name, properties, rules) }
    for (name, other) in rules["dependentSchemas"]?.object ?? [:] where !missing(name) {
      hold(.object(fields), to: other)
    }
  }

  private mutating func hold(
    _ value: JSON, under name: String, _ properties: JSON.Object, _ rules: JSON.Object
  ) {
    var isKnown = false
    if let rules = properties[name] {
      isKnown = true
      hold(value, to: rules, at: name)
    }
    for (pattern, rules) in rules["patternProperties"]?.object ?? [:]
    where schema.patterns[pattern]?.isFound(in: name) == true {
      isKnown = true
      hold(value, to: rules, at: name)
    }
    if let names = rules["propertyNames"], trial(.string(name), names) != nil {
      complain(at: name, "expected a key that \(names.text.prefix(200)) describes, found this one")
    }
    guard !isKnown, let others = rules["additionalProperties"] else { return }
    if others.bool == false {
      let known = properties.keys.map { "'\($0)'" }.joined(separator: ", ")
      complain(at: name, "expected only the keys \(known.prefix(400)), found this one")
    } else {
      hold(value, to: others, at: name)
    }
  }

  // MARK: Words

  private static func has(_ value: JSON, _ type: JSON) -> Bool {
    if let types = type.array { return types.contains { has(value, $0) } }
    switch type.string {
    case "string": return value.string != nil
    case "integer": return JSONNumber.isInteger(value)
    case "number": return value.number != nil
    case "boolean": return value.bool != nil
    case "array": return value.array != nil
    case "object": return value.object != nil
    default: return value.isNull
    }
  }

  /// What the rules ask for, in a word or two.
  private static func words(_ rules: JSON.Object) -> String {
    let types = rules["type"].map { $0.array ?? [$0] } ?? []
    let words = types.compactMap { JSONSchema.types[$0.string ?? ""] }
    if !words.isEmpty { return words.joined(separator: " or ") }
    return rules["enum"].map { "one of \($0.text.prefix(200))" } ?? rules["const"]?.text ?? "a value"
  }

  /// A short value itself, else its kind.
  private static func found(_ value: JSON) -> String {
    switch value {
    case .array, .object: return value.kind
    default:
      let text = value.text
      return text.utf8.count <= 200 ? text : "\(value.kind) that begins \(text.prefix(80))…"
    }
  }
}
