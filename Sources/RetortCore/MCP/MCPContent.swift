internal import Foundation
internal import OrderedCollections

/// What a tool's call comes to on the wire.
package enum MCPContent {
  /// Characters of a result that are kept: what is beyond no model reads.
  package static let most = 1_000_000

  /// A tool as `tools/list` has it.
  static func tool(_ offer: ToolOffer) -> JSON {
    ["name": .string(offer.name), "description": .string(offer.description), "inputSchema": offer.parameters]
  }

  /// What a list offers; nil for an entry that is no tool.
  package static func offer(_ tool: JSON) -> ToolOffer? {
    guard let name = tool["name"]?.string, !name.isEmpty else { return nil }
    var schema = tool["inputSchema"]?.object ?? [:]
    // Providers take objects alone, and what is called without arguments often says nothing.
    if schema["type"]?.string != "object" { schema = ["type": "object"] }
    return ToolOffer(
      name: name, description: tool["description"]?.string ?? tool["title"]?.string ?? "",
      parameters: .object(schema))
  }

  static func result(_ result: ToolResult) -> JSON {
    [
      "content": [["type": "text", "text": .string(result.text)]],
      "isError": .bool(result.fault != nil),
    ]
  }

  /// What a result says, its images put on the shelf. One that cannot be is left out in words.
  /// Errors: ``ToolFault`` for a result that says that it is an error; the shelf's.
  package static func answer(_ result: JSON, _ shelf: any ImageShelf) async throws -> ToolAnswer {
    var (parts, images): ([String], [ImageReference]) = ([], [])
    for part in result["content"]?.array ?? [] {
      guard part["type"]?.string == "image" else {
        parts.append(text(ofPart: part))
        continue
      }
      do { images.append(try await image(part, shelf)) } catch let fault as ImageFault {
        parts.append("[left out: an image: \(fault.message)]")
      }
    }
    if parts.isEmpty, images.isEmpty, let structured = result["structuredContent"], !structured.isNull {
      parts = [structured.text]
    }
    let text = cut(parts.joined(separator: "\n"))
    guard result["isError"]?.bool != true else { throw ToolFault(.error, text) }
    return ToolAnswer(text, images: images)
  }

  private static func image(_ part: JSON, _ shelf: any ImageShelf) async throws -> ImageReference {
    guard let data = part["data"]?.string,
      let bytes = Data(base64Encoded: data)
    else { throw ImageFault(.noImage, "expected base64, found other text") }
    return try await shelf.keep(bytes)
  }

  /// Images as a session is shown them. Errors: the shelf's.
  package static func shown(_ images: [ImageReference], _ shelf: any ImageShelf) async throws -> JSON {
    var shown: [JSON] = []
    for image in images {
      let bytes = try await shelf.bytes(of: image)
      shown.append(["data": .string(bytes.base64EncodedString()), "mimeType": .string(image.type.rawValue)])
    }
    return .array(shown)
  }

  private static func text(ofPart part: JSON) -> String {
    switch part["type"]?.string {
    case "text": return part["text"]?.string ?? ""
    case "resource": return part["resource"]?["text"]?.string ?? "[left out: \(name(part["resource"]))]"
    case "resource_link": return part["uri"]?.string ?? "[left out: a link]"
    case let kind: return "[left out: \(kind ?? "a part")]"
    }
  }

  private static func name(_ resource: JSON?) -> String {
    "a resource \(resource?["uri"]?.string?.prefix(200) ?? "")"
  }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > most, text.count > most else { return text }
    return "\(text.prefix(most))\n[cut here: the first \(most) of \(text.count) characters]"
  }
}
