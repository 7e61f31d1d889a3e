internal import OrderedCollections

/// What the Model Context Protocol says over JSON-RPC 2.0, for both of its ends.
package enum MCP {
  /// The versions that are spoken, the newest last.
  package static let versions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
  package static var latest: String { versions.last ?? "" }

  package enum Code {
    package static let parse = -32700
    package static let request = -32600
    package static let method = -32601
    package static let parameters = -32602
    package static let `internal` = -32603
  }

  package static func request(_ id: Int, _ method: String, _ params: JSON.Object = [:]) -> JSON {
    message(["id": .int(Int64(id)), "method": .string(method)], params)
  }

  package static func notification(_ method: String, _ params: JSON.Object = [:]) -> JSON {
    message(["method": .string(method)], params)
  }

  package static func reply(_ id: JSON, _ result: JSON) -> JSON {
    ["jsonrpc": "2.0", "id": id, "result": result]
  }

  package static func error(_ id: JSON, _ code: Int, _ message: String) -> JSON {
    ["jsonrpc": "2.0", "id": id, "error": ["code": .int(Int64(code)), "message": .string(message)]]
  }

  private static func message(_ fields: JSON.Object, _ params: JSON.Object) -> JSON {
    var message: JSON.Object = ["jsonrpc": "2.0"]
    message.merge(fields) { $1 }
    if !params.isEmpty { message["params"] = .object(params) }
    return .object(message)
  }
}

/// A message, taken apart.
package enum MCPMessage: Hashable, Sendable {
  case request(id: JSON, method: String, params: JSON.Object)
  case notification(method: String, params: JSON.Object)
  /// An error has the other side's words.
  case reply(id: JSON, Result<JSON, MCPRefusal>)

  /// Nil for what is no message.
  package init?(_ json: JSON) {
    guard let fields = json.object else { return nil }
    let (id, params) = (fields["id"] ?? .null, fields["params"]?.object ?? [:])
    if let method = fields["method"]?.string {
      self =
        id.isNull
        ? .notification(method: method, params: params) : .request(id: id, method: method, params: params)
    } else if let result = fields["result"] {
      self = .reply(id: id, .success(result))
    } else if let error = fields["error"] {
      self = .reply(
        id: id,
        .failure(
          MCPRefusal(
            code: error["code"]?.int.map { Int(clamping: $0) } ?? MCP.Code.internal,
            message: error["message"]?.string ?? error.text)))
    } else {
      return nil
    }
  }
}

/// An error of JSON-RPC.
package struct MCPRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  package let code: Int
  package let message: String

  package var description: String { "\(message) (\(code))" }
}
