internal import Foundation

/// The values of `format` that texts and numbers are held to.
enum SchemaFormat: String, CaseIterable {
  case date, time, duration, email, hostname, ipv4, ipv6, uri, uuid
  case dateTime = "date-time"
  // As OpenAPI has it, of numbers.
  case int32, int64, float, double

  /// Whether the value fits; what the format says nothing about does.
  func fits(_ value: JSON) -> Bool {
    switch self {
    case .int32: return !JSONNumber.isInteger(value) || value.number.map { Int32(exactly: $0) != nil } ?? true
    case .int64:
      return !JSONNumber.isInteger(value) || value.int != nil
        || value.number.map { Int64(exactly: $0) != nil } ?? true
    case .float, .double: return true
    default: return value.string.map(fits) ?? true
    }
  }

  private func fits(_ text: String) -> Bool {
    guard text.utf8.count <= 4096 else { return false }
    switch self {
    case .date: return Self.isDate(text)
    case .time: return Self.isTime(text)
    case .dateTime:
      guard let divide = text.firstIndex(where: { "Tt".contains($0) }) else { return false }
      return Self.isDate(String(text[..<divide])) && Self.isTime(String(text[text.index(after: divide)...]))
    case .duration: return Self.durationShape.isFound(in: text) == true
    case .email:
      let parts = text.split(separator: "@", omittingEmptySubsequences: false)
      return parts.count == 2 && Self.mailbox.isFound(in: String(parts[0])) == true
        && Self.isHost(String(parts[1]))
    case .hostname: return Self.isHost(text)
    case .ipv4: return Self.ipv4Shape.isFound(in: text) == true
    case .ipv6:
      var address = in6_addr()
      return inet_pton(AF_INET6, text, &address) == 1
    case .uri: return Self.uriShape.isFound(in: text) == true
    case .uuid: return Self.uuidShape.isFound(in: text) == true
    case .int32, .int64, .float, .double: return true
    }
  }

  private static func pattern(_ text: String) -> SchemaPattern {
    guard let pattern = try? SchemaPattern(text) else { preconditionFailure("'\(text)' is an expression") }
    return pattern
  }

  private static let dateShape = pattern(#"^\d{4}-\d\d-\d\d$"#)
  private static let timeShape = pattern(
    #"^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$"#)
  private static let durationShape: SchemaPattern = {
    let time = #"T(\d+H(\d+M(\d+S)?)?|\d+M(\d+S)?|\d+S)"#
    return pattern(#"^P(\d+W|(\d+Y(\d+M(\d+D)?)?|\d+M(\d+D)?|\d+D)(\#(time))?|\#(time))$"#)
  }()
  private static let mailbox = pattern(#"^[^\s@"(),:;<>\[\\\].]+(\.[^\s@"(),:;<>\[\\\].]+)*$"#)
  private static let label = #"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"#
  private static let host = pattern(#"^\#(label)(\.\#(label))*$"#)
  private static let ipv4Shape: SchemaPattern = {
    let octet = #"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"#
    return pattern(#"^\#(octet)(\.\#(octet)){3}$"#)
  }()
  private static let uriShape = pattern(#"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$"#)
  private static let uuidShape = pattern(#"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"#)

  private static func isHost(_ text: String) -> Bool {
    text.utf8.count <= 253 && host.isFound(in: text) == true
  }
  private static func isTime(_ text: String) -> Bool { timeShape.isFound(in: text) == true }

  private static func isDate(_ text: String) -> Bool {
    guard dateShape.isFound(in: text) == true else { return false }
    let parts = text.split(separator: "-").compactMap { Int($0) }
    guard parts.count == 3, (1...12).contains(parts[1]) else { return false }
    let isLeap = parts[0].isMultiple(of: 4) && (!parts[0].isMultiple(of: 100) || parts[0].isMultiple(of: 400))
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][parts[1] - 1]
    return (1...days).contains(parts[2])
  }
}
