internal import RetortCore

/// What a small function takes and works on.
package enum FunctionKind: String, Codable, Hashable, Sendable, CaseIterable { case list, text, number }

/// What a small function takes, passes from step to step, and gives.
enum FunctionValue: Hashable, Sendable {
  case number(Int)
  case numbers([Int])
  case text(String)
  /// Python's `None`.
  case none

  var json: JSON {
    switch self {
    case .number(let number): .int(Int64(number))
    case .numbers(let numbers): .array(numbers.map { .int(Int64($0)) })
    case .text(let text): .string(text)
    case .none: .null
    }
  }

  /// As Python writes it. Texts have letters, digits and spaces alone.
  var python: String {
    switch self {
    case .number(let number): "\(number)"
    case .numbers(let numbers): "[\(numbers.map(String.init).joined(separator: ", "))]"
    case .text(let text): "'\(text)'"
    case .none: "None"
    }
  }
}
