internal import Foundation
internal import OrderedCollections
package import RetortCore

extension Pipeline {
  /// The file as it was read, environment variables filled in: kept with each run, so that the next can say what
  /// changed. Prompts are in it as their text and data files as their digest.
  ///
  /// Headers and what an address carries beside scheme, host and path may be secret and stay out, and so does what looks
  /// like a key anywhere else.
  package var resolved: JSON {
    redaction.values(["models": .object(models.mapValues(\.resolved)), "stages": resolvedStages])
  }

  private var resolvedStages: JSON {
    var all: JSON.Object = [:]
    for stage in stages {
      var fields = stage.identity.object ?? [:]
      if !stage.from.isEmpty { fields["from"] = .array(stage.from.map { .string($0) }) }
      if !stage.using.isEmpty { fields["using"] = .object(stage.using.mapValues { .string($0) }) }
      if let per = stage.per { fields["per"] = .string(per) }
      if stage.replace { fields["replace"] = true }
      if stage.onFailure != .fail { fields["on_failure"] = .string(stage.onFailure.rawValue) }
      all[stage.name] = .object(fields)
    }
    return .object(all)
  }
}

extension ModelSpec {
  fileprivate var resolved: JSON {
    var fields = identity.object ?? [:]
    if let endpoint, var parts = URLComponents(string: endpoint) {
      (parts.user, parts.password, parts.query, parts.fragment) = (nil, nil, nil, nil)
      fields["endpoint"] = parts.string.map { .string($0) }
    }
    if let apiVersion { fields["api_version"] = .string(apiVersion) }
    if let launch { fields["launch"] = .array(launch.map { .string($0) }) }
    if let apiKeyEnv { fields["api_key_env"] = .string(apiKeyEnv) }
    if let keyHeader { fields["key_header"] = .string(keyHeader) }
    if !headersEnv.isEmpty {
      fields["headers_env"] = .object(
        .init(uniqueKeysWithValues: headersEnv.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
      )
    }
    fields["concurrency"] = .int(Int64(concurrency))
    if let rpm { fields["rpm"] = .double(rpm) }
    if let tpm { fields["tpm"] = .double(tpm) }
    fields["timeout"] = .double(timeout)
    fields["retries"] = .int(Int64(retries))
    if let maxTokensField { fields["max_tokens_field"] = .string(maxTokensField.rawValue) }
    if !omit.isEmpty { fields["omit"] = .array(omit.map(\.rawValue).sorted().map { .string($0) }) }
    if let maxPixels { fields["max_pixels"] = .int(Int64(maxPixels)) }
    if let maxInputs { fields["max_inputs"] = .int(Int64(maxInputs)) }
    if let price {
      var prices: JSON.Object = [
        "input": .double(price.input), "output": .double(price.output),
        "cached_input": price.cachedInput.map { .double($0) } ?? .null,
      ]
      if let written = price.writtenInput { prices["written_input"] = .double(written) }
      fields["price"] = .object(prices)
    }
    return .object(fields)
  }
}
