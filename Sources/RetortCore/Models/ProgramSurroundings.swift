internal import Foundation

/// What a program that a stage starts sees of this process, and what of its words may be kept.
package struct ProgramSurroundings: Sendable {
  private let environment: [String: String]
  private let models: [ModelSpec]

  /// - Parameters:
  ///   - environment: this process's, unless told otherwise.
  ///   - models: those of the pipeline file, whose keys are no program's business.
  package init(_ environment: [String: String]? = nil, models: [ModelSpec] = []) {
    self.environment = environment ?? ProcessInfo.processInfo.environment
    self.models = models
  }

  /// The environment without the variables that hold keys, but for those that the file names for this program.
  package func variables(naming own: Set<String>) -> [String: String] {
    ServerEnvironment.variables(own, among: models, environment)
  }

  /// Cuts the keys of the models, and of variables that the file names, out of what a program says.
  package func redaction(naming own: Set<String>) -> Redaction {
    let named = own.filter { SecretName.says($0) }.sorted().compactMap { environment[$0] }
    return Redaction(models.flatMap { $0.secrets(environment) + $0.keysInFile } + named)
  }
}
