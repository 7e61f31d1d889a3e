/// Whose files and scripts an export of role sets is for.
package enum TrainingFormat: String, Codable, Hashable, Sendable, CaseIterable {
  case msSwift = "ms-swift"
  case llamaFactory = "llama-factory"
  case trl, axolotl, messages
}
