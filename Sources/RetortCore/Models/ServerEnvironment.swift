/// What a launched server sees of this process's environment.
package enum ServerEnvironment {
  /// The variables without those that hold keys: only its own, as `api_key_env` and `headers_env` of the models that the
  /// command serves name them, and what its command in the file names.
  package static func variables(
    of model: ModelSpec, among models: [ModelSpec], _ environment: [String: String]
  )
    -> [String: String]
  {
    let served = models.filter { $0.launch == model.launch } + [model]
    let own = served.reduce(into: Set<String>()) {
      $0.formUnion($1.secretVariables)
      $0.formUnion($1.launchVariables)
    }
    return variables(own, among: models, environment)
  }

  /// The variables without those that hold keys, but for `own` ones.
  static func variables(_ own: Set<String>, among models: [ModelSpec], _ environment: [String: String])
    -> [String: String]
  {
    let others = models.reduce(into: Set<String>()) { $0.formUnion($1.secretVariables) }.subtracting(own)
    let secrets = Set(others.compactMap { environment[$0] }.filter { $0.utf8.count >= Redaction.least })
    return environment.filter { name, value in
      if own.contains(name) { return true }
      if others.contains(name) || secrets.contains(value) { return false }
      return name.hasPrefix("RETORT_") || !SecretName.says(name) || open.contains(name)
    }
  }

  /// Their names say secret, and they are none.
  private static let open: Set<String> = ["SSH_AUTH_SOCK"]
}
