import Foundation
import RetortCore

@testable import RetortStages

/// Values computed independently with numpy and scipy in double precision, to 8 decimals; the Python module for
/// online rewards is held to the same file.
enum Golden {
  static func values(_ name: String) throws -> [JSON] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../golden-rewards.json")
    return try JSON(parsing: String(contentsOf: file, encoding: .utf8))[name]?.array ?? []
  }
}
