internal import CXML2
internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Untrusted HTML and XML through libxml2: no network, no external file, no entity expansion, and the bounds of
/// ``MarkupBounds``.
///
/// A document that declares entities is refused at the first: references inside their texts, and reading a node's text,
/// would expand them, which is how a small file becomes gigabytes or includes another file.
struct Markup {
  enum Language: Sendable { case html, xml }

  /// Bytes.
  static let limit = 32 << 20
  /// Steps that one expression may take on one document before it is given up.
  private static let operationLimit: UInt = 200_000_000

  let language: Language
  /// XPath of the nodes that become rows.
  let select: String
  /// Column to an XPath relative to the row's node, in the order of the row's columns.
  let columns: [(name: String, path: String)]

  /// Errors: ``StageError`` naming the expression that is no XPath.
  init(_ language: Language, select: String, columns: [String: String]) throws(StageError) {
    Self.prepare
    self.language = language
    self.select = select
    self.columns = columns.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    guard !columns.isEmpty else { throw StageError("columns: expected at least one column") }
    guard let context = xmlXPathNewContext(nil) else { throw Self.noMemory }
    defer { xmlXPathFreeContext(context) }
    Self.quiet(context)
    for (key, path) in [("select", select)] + self.columns.map({ ("columns.\($0.name)", $0.path) }) {
      guard let compiled = xmlXPathCtxtCompile(context, path) else {
        throw StageError("\(key): expected an XPath expression, found '\(path)'")
      }
      xmlXPathFreeCompExpr(compiled)
    }
  }

  /// The rows of a document, in document order.
  ///
  /// A column's value is the text of what its path finds (nodes joined by line breaks), or a number or Boolean where
  /// the expression computes one; null where it finds nothing.
  func rows(of data: Data) throws(StageError) -> [JSON.Object] {
    guard data.count <= Self.limit else {
      throw StageError("expected at most \(Self.limit) bytes, found \(data.count)")
    }
    let document = try parse(data)
    defer { xmlFreeDoc(document) }
    guard let context = xmlXPathNewContext(document) else { throw Self.noMemory }
    defer { xmlXPathFreeContext(context) }
    Self.quiet(context)
    guard let found = xmlXPathEvalExpression(select, context) else {
      throw StageError("'\(select)' could not be evaluated")
    }
    defer { xmlXPathFreeObject(found) }
    guard found.pointee.type == XPATH_NODESET else {
      throw StageError("'\(select)': expected an expression that finds nodes")
    }
    var rows: [JSON.Object] = []
    var left = MarkupBounds.text
    for node in Self.nodes(found) {
      var row: JSON.Object = [:]
      for (name, path) in columns {
        guard xmlXPathSetContextNode(node, context) == 0,
          let result = xmlXPathEvalExpression(path, context)
        else { throw StageError("'\(path)' could not be evaluated") }
        defer { xmlXPathFreeObject(result) }
        let value = Self.value(result)
        left -= value.string?.utf8.count ?? 0
        guard left >= 0 else {
          throw StageError(
            "row \(rows.count): expected at most \(MarkupBounds.text) bytes of text in all rows, found more at "
              + "'\(path)'")
        }
        row[name] = value
      }
      rows.append(row)
    }
    return rows
  }

  private func parse(_ data: Data) throws(StageError) -> xmlDocPtr {
    var tags = MarkupTags(data, language)
    if let excess = tags.excess() { throw StageError(excess) }
    guard let parser = language == .html ? htmlNewParserCtxt() : xmlNewParserCtxt() else {
      throw Self.noMemory
    }
    defer { xmlFreeParserCtxt(parser) }
    let watch = MarkupBounds.Watch()
    MarkupBounds.follow(parser, language, with: watch)
    let document = withExtendedLifetime(watch) {
      data.withUnsafeBytes { read($0.bindMemory(to: CChar.self), with: parser) }
    }
    if let failure = watch.failure {
      document.map(xmlFreeDoc)
      throw StageError(failure)
    }
    if let document { return document }
    if language == .html { throw StageError("expected an HTML document, found none") }
    let error = parser.pointee.lastError
    let message = error.message.map { String(cString: $0).trimmed } ?? "not XML"
    throw StageError("line \(error.line): \(message)")
  }

  private func read(_ bytes: UnsafeBufferPointer<CChar>, with parser: xmlParserCtxtPtr) -> xmlDocPtr? {
    let size = Int32(bytes.count)
    switch language {
    case .html:
      // libxml2 takes undeclared HTML for Latin-1; what is valid UTF-8 is meant as such.
      let isUTF8 = String(validating: bytes.lazy.map(UInt8.init(bitPattern:)), as: UTF8.self) != nil
      let options =
        HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue
        | HTML_PARSE_NOWARNING.rawValue | HTML_PARSE_NONET.rawValue
      return htmlCtxtReadMemory(
        parser, bytes.baseAddress, size, nil, isUTF8 ? "UTF-8" : nil, Int32(options))
    case .xml:
      let options = XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue | XML_PARSE_NONET.rawValue
      return xmlCtxtReadMemory(parser, bytes.baseAddress, size, nil, nil, Int32(options))
    }
  }

  /// Initialises libxml2 once, before threads use it.
  private static let prepare: Void = xmlInitParser()

  private static var noMemory: StageError { StageError("libxml2 is out of memory") }

  private static func quiet(_ context: xmlXPathContextPtr) {
    context.pointee.error = { _, _ in }
    context.pointee.opLimit = operationLimit
  }

  private static func nodes(_ object: xmlXPathObjectPtr) -> [xmlNodePtr] {
    guard let set = object.pointee.nodesetval, let table = set.pointee.nodeTab else { return [] }
    return (0..<Int(set.pointee.nodeNr)).compactMap { table[$0] }
  }

  private static func value(_ object: xmlXPathObjectPtr) -> JSON {
    switch object.pointee.type {
    case XPATH_NODESET:
      let texts = nodes(object).map { node in
        guard let text = xmlXPathCastNodeToString(node) else { return "" }
        defer { cxml2_free(text) }
        return String(cString: text).trimmed
      }
      return texts.isEmpty ? .null : .string(texts.joined(separator: "\n"))
    case XPATH_BOOLEAN: return .bool(object.pointee.boolval != 0)
    case XPATH_NUMBER:
      let number = object.pointee.floatval
      guard number.isFinite else { return .null }
      return Int64(exactly: number).map(JSON.int) ?? .double(number)
    case XPATH_STRING:
      return object.pointee.stringval.map { .string(String(cString: $0).trimmed) } ?? .null
    default: return .null
    }
  }
}

/// The keys of `read-html` and `read-xml`.
package struct MarkupConfig: Codable, Sendable {
  package let file: DataFiles?
  package let files: DataFiles?
  package let select: String
  package let columns: [String: String]
  package let defaults: Columns?
  package let types: [String: CellType]?

  package init(
    file: DataFile? = nil, files: [DataFile]? = nil, select: String, columns: [String: String],
    defaults: Columns? = nil, types: [String: CellType]? = nil
  ) {
    self.file = file.map { DataFiles($0) }
    self.files = files.map { DataFiles($0) }
    self.select = select
    self.columns = columns
    self.defaults = defaults
    self.types = types
  }

  static let keys = [
    "file": "The document, \(FileKey.help)A document may have up to 32 MB.",
    "files": "The same as 'file'.",
    "select": "XPath of the nodes that become rows.",
    "columns": "Column to an XPath relative to the row's node. What finds nothing is null; several nodes are "
      + "joined by line breaks.",
  ].merging(CellRules.keys) { own, _ in own }
}

/// The part that `read-html` and `read-xml` share: which files, and one rejection for each that gives no rows.
struct MarkupSource: Sendable {
  let files: [DataFile]
  let language: Markup.Language
  let select: String
  let columns: [String: String]
  private let rules: CellRules

  init(_ language: Markup.Language, _ config: MarkupConfig) throws {
    guard (config.file == nil) != (config.files == nil) else {
      throw StageError(
        "expected either 'file' or 'files', found \(config.file == nil ? "neither" : "both")")
    }
    files = (config.files ?? config.file)?.files ?? []
    select = config.select
    columns = config.columns
    self.language = language
    rules = try CellRules(defaults: config.defaults, types: config.types, known: config.columns.keys.sorted())
    _ = try Markup(language, select: select, columns: columns)
  }

  func read(into sink: ReaderSink<Columns>) async throws {
    let markup = try Markup(language, select: select, columns: columns)
    for file in files {
      let data = try file.contents(limit: Markup.limit)
      let rows: [JSON.Object]
      do {
        guard let data else { throw StageError("expected at most \(Markup.limit) bytes") }
        rows = try markup.rows(of: data)
      } catch {
        try await sink.reject(reason: "broken document", detail: "\(file.path): \(error)")
        continue
      }
      for (index, row) in rows.enumerated() {
        let read = Result { () throws(BadRow) in
          try rules.apply(to: row)
        }
        switch read {
        case .success(let cells): try await sink.make(Columns(cells))
        case .failure(let bad):
          try await sink.reject(reason: bad.reason, detail: "\(file.path), row \(index): \(bad.detail)")
        }
      }
    }
  }
}
