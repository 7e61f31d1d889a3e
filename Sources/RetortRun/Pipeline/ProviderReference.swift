internal import RetortCore

/// What each provider's API has words for: `docs/providers.md`.
package enum ProviderReference {
  /// A line for each thing that can be asked, under the names of the APIs.
  package static var table: [[String]] {
    let formats = WireFormats.chats
    return [["asked for"] + formats.map(\.api.rawValue)]
      + ChatAbility.allCases.map { ability in
        [ability.rawValue]
          + formats.map {
            switch $0.support(ability) {
            case .there(let words): words.isEmpty ? "yes" : "yes: \(words)"
            case .lacking: "no"
            }
          }
      }
  }

  /// The whole page, without a line end behind its last line.
  package static var markdown: String {
    let lines = table.map { "| " + $0.joined(separator: " | ") + " |" }
    let rule = "| " + table[0].map { _ in "---" }.joined(separator: " | ") + " |"
    let remedies = WireFormats.chats.flatMap { format in
      ChatAbility.allCases.compactMap { ability -> String? in
        guard case .lacking(let remedy) = format.support(ability) else { return nil }
        return "- `\(ability.rawValue)` with `\(format.api.rawValue)`: \(remedy)."
      }
    }
    return
      ([introduction, "", lines[0], rule] + lines.dropFirst() + ["", "What to do where there is no:", ""]
      + remedies)
      .joined(separator: "\n")
  }

  private static let introduction = """
    # Providers

    Written by `retort providers --markdown` (`make docs`) from what the formats declare; do not edit it.

    `api:` of a model says whose words its endpoint speaks: `openai` (the default; vLLM, llama.cpp and most others speak it too),
    `anthropic`, `gemini` or `azure`.

    ```yaml
    models:
      claude: { api: anthropic, endpoint: "https://api.anthropic.com/v1", name: claude-sonnet-4-5, api_key_env: ANTHROPIC_API_KEY }
      gemini: { api: gemini, endpoint: "https://generativelanguage.googleapis.com/v1beta", name: gemini-2.5-flash, api_key_env: GEMINI_API_KEY }
      azure: { api: azure, endpoint: "https://my-resource.openai.azure.com/openai/v1", name: my-deployment, api_key_env: AZURE_KEY }
      classic: { api: azure, api_version: "2024-10-21", endpoint: "https://my-resource.openai.azure.com", name: my-deployment, api_key_env: AZURE_KEY }
    ```

    The key goes where the provider wants it (`key_header:` says another place). `reasoning_effort:` and `thinking_budget:` are keys
    of a model, and part of a step's key where they are set, as `api:` is where it is not `openai`: another provider under the same
    name is asked anew. Anthropic wants a bound on every reply: where a stage has no `max_tokens`, it is sent 8192. With a `thinking_budget`,
    that is added to `max_tokens`, so that the reply itself may have all of it; with `reasoning_effort` alone, thoughts are taken from it. Raw turns, with the signatures of their thoughts, go back as they came.
    Anthropic has no embeddings. `extra_body:`
    of Anthropic and Gemini adds fields beside those that a stage asked for, also inside `generationConfig` and the like.

    What a stage asks for and an API has no words for is a mistake of the file, told by `retort check`; where only a run can tell,
    the row fails with the same words. Nothing is left out in silence. These cells are tested on requests and replies in the form
    of the providers' documentation, not at the providers themselves.
    """
}
