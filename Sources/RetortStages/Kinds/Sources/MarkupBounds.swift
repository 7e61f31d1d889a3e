internal import CXML2
internal import Foundation
internal import RetortCore

/// What a document may hold, so that reading it costs no more than its size: libxml2 compares the attributes of a tag
/// with each other, looks names up among the namespaces in scope, and expands what a document declares.
enum MarkupBounds {
  /// Attributes of one tag; in HTML also of all `html` and `body` tags together, which are merged into one.
  static let attributes = 256
  /// Elements, attributes and namespace declarations of a document, defaults that it declares included.
  static let nodes = 4_000_000
  /// Bytes of a document type: the words of an enumeration are compared with each other.
  static let doctype = 1 << 16
  /// Attributes that a document type declares.
  static let declared = 1000
  /// Namespaces in scope.
  static let namespaces = 1000
  /// Elements inside each other: libxml2's own bound, which it keeps without a word in HTML.
  static let depth = 250
  /// Bytes of text in all rows of a document: one text may be asked for once for each of them.
  static let text = 256 << 20

  /// What one parse has met, behind the parser's `_private`.
  final class Watch {
    var failure: String?
    var nodes = 0
    var declared = 0
  }

  private typealias Parser = UnsafeMutablePointer<xmlParserCtxt>

  /// Lets `watch` follow the parser. It must outlive the parse.
  static func follow(_ parser: xmlParserCtxtPtr, _ language: Markup.Language, with watch: Watch) {
    parser.pointee._private = Unmanaged.passUnretained(watch).toOpaque()
    guard let sax = parser.pointee.sax else { return }
    switch language {
    case .html:
      sax.pointee.startElement = { context, name, attributes in
        guard let parser = MarkupBounds.parser(context) else { return }
        var count = 0
        while let attributes, attributes[count] != nil { count += 2 }
        guard MarkupBounds.admits(element: 1 + count / 2, in: parser) else { return }
        xmlSAX2StartElement(context, name, attributes)
      }
    case .xml:
      sax.pointee.startElementNs = { context, name, prefix, uri, spaces, namespaces, count, defaults, list in
        guard let parser = MarkupBounds.parser(context) else { return }
        guard MarkupBounds.admits(element: 1 + Int(spaces) + Int(count), in: parser) else { return }
        xmlSAX2StartElementNs(context, name, prefix, uri, spaces, namespaces, count, defaults, list)
      }
      sax.pointee.entityDecl = { context, _, _, _, _, _ in MarkupBounds.refuseEntity(context) }
      sax.pointee.unparsedEntityDecl = { context, _, _, _, _ in MarkupBounds.refuseEntity(context) }
      sax.pointee.attributeDecl = { context, element, name, type, value, text, tree in
        xmlSAX2AttributeDecl(context, element, name, type, value, text, tree)
        guard let parser = MarkupBounds.parser(context), let watch = MarkupBounds.watch(parser) else {
          return
        }
        watch.declared += 1
        if watch.declared > MarkupBounds.declared {
          MarkupBounds.stop(
            parser, "expected at most \(MarkupBounds.declared) declared attributes, found more")
        }
      }
    }
  }

  private static func parser(_ context: UnsafeMutableRawPointer?) -> Parser? {
    context?.assumingMemoryBound(to: xmlParserCtxt.self)
  }

  private static func watch(_ parser: Parser) -> Watch? {
    parser.pointee._private.map { Unmanaged<Watch>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func stop(_ parser: Parser, _ problem: String) {
    guard let watch = watch(parser), watch.failure == nil else { return }
    let line = parser.pointee.input.map { "line \($0.pointee.line): " } ?? ""
    watch.failure = line + problem
    xmlStopParser(parser)
  }

  private static func refuseEntity(_ context: UnsafeMutableRawPointer?) {
    guard let parser = parser(context) else { return }
    stop(parser, "the document declares entities, which are not expanded")
  }

  private static func admits(element size: Int, in parser: Parser) -> Bool {
    guard let watch = watch(parser), watch.failure == nil else { return false }
    watch.nodes += size
    if watch.nodes > nodes {
      stop(parser, "expected at most \(nodes) elements and attributes in a document, found more")
    } else if Int(parser.pointee.nodeNr) >= depth {
      stop(parser, "expected at most \(depth) elements inside each other, found more")
    } else if Int(parser.pointee.nsNr) > 2 * namespaces {
      stop(parser, "expected at most \(namespaces) namespaces in scope, found more")
    }
    return watch.failure == nil
  }
}

/// Finds a tag with too many attributes before libxml2 reads it.
struct MarkupTags {
  private let bytes: [UInt8]
  private let language: Markup.Language
  private var at = 0
  /// Attributes of the `html` and `body` tags so far.
  private var merged = 0
  /// Where an XML document's type begins, until its first element does.
  private var doctype: Int?

  init(_ data: Data, _ language: Markup.Language) {
    // In UTF-16 and UTF-32 every mark has zeros beside it.
    bytes =
      data.prefix(4).contains(0) || data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF])
      ? data.filter { $0 != 0 } : Array(data)
    self.language = language
  }

  /// What is too much, and the line where.
  mutating func excess() -> String? {
    while let start = bytes[at...].firstIndex(of: UInt8(ascii: "<")) {
      at = start + 1
      if starts("!--") {
        skip(past: "-->")
      } else if language == .xml, starts("![CDATA[") {
        skip(past: "]]>")
      } else if language == .xml, starts("?") {
        skip(past: "?>")
      } else if language == .xml, starts("!") {
        if starts("!DOCTYPE") { doctype = start }
        skipDeclaration()
      } else if at < bytes.count, Self.beginsName(bytes[at]) {
        if let begun = doctype, start - begun > MarkupBounds.doctype {
          return refusal(start, "\(MarkupBounds.doctype) bytes of document type")
        }
        doctype = nil
        let name = word { !Self.endsName($0) }
        let count = attributes()
        let kind = String(decoding: name.prefix(8), as: UTF8.self).lowercased()
        if language == .html, kind == "html" || kind == "body" { merged += count }
        if max(count, merged) > MarkupBounds.attributes {
          return refusal(start, "\(MarkupBounds.attributes) attributes in a tag")
        }
        // What stands in these is no markup, up to their end.
        if language == .html, kind == "script" || kind == "style" { skip(past: "</") }
      }
    }
    guard let begun = doctype, bytes.count - begun > MarkupBounds.doctype else { return nil }
    return refusal(bytes.count, "\(MarkupBounds.doctype) bytes of document type")
  }

  private func refusal(_ place: Int, _ bound: String) -> String {
    "line \(bytes[..<place].count { $0 == 0x0A } + 1): expected at most \(bound), found more"
  }

  /// Goes to the next mark outside quotation marks: what they hold is no tag.
  private mutating func skipDeclaration() {
    while at < bytes.count, bytes[at] != UInt8(ascii: "<"), bytes[at] != UInt8(ascii: ">") {
      let byte = bytes[at]
      at += 1
      guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else { continue }
      _ = word { $0 != byte }
      at = min(at + 1, bytes.count)
    }
  }

  /// Goes to the end of the tag, counting.
  private mutating func attributes() -> Int {
    var count = 0
    while count <= MarkupBounds.attributes {
      skipSpace(and: UInt8(ascii: "/"))
      guard at < bytes.count, bytes[at] != UInt8(ascii: ">") else { return count }
      count += 1
      at += 1
      _ = word { !Self.endsName($0) && $0 != UInt8(ascii: "=") }
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "=") else { continue }
      at += 1
      skipSpace()
      guard at < bytes.count else { return count }
      if bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'") {
        let quote = bytes[at]
        at += 1
        _ = word { $0 != quote }
        at = min(at + 1, bytes.count)
      } else {
        _ = word { !Self.isSpace($0) && $0 != UInt8(ascii: ">") }
      }
    }
    return count
  }

  private mutating func word(_ belongs: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let start = at
    while at < bytes.count, belongs(bytes[at]) { at += 1 }
    return bytes[start..<at]
  }

  private mutating func skipSpace(and other: UInt8? = nil) {
    while at < bytes.count, Self.isSpace(bytes[at]) || bytes[at] == other { at += 1 }
  }

  private mutating func skip(past mark: StaticString) {
    let mark = mark.withUTF8Buffer(Array.init)
    while let start = bytes[at...].firstIndex(of: mark[0]) {
      at = start + 1
      if bytes[start...].starts(with: mark) {
        at = start + mark.count
        return
      }
    }
    at = bytes.count
  }

  private func starts(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes[at...].starts(with: $0) }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }

  private static func endsName(_ byte: UInt8) -> Bool {
    isSpace(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/")
  }

  private static func beginsName(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte) || byte >= 0x80 || byte == 0x5F || byte == 0x3A
  }
}
