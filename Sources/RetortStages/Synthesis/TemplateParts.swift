internal import OrderedCollections
internal import RetortCore

/// What prompts of a template have beyond the bare question.
enum TemplateParts {
  static func of(_ template: Prompt, hasSystem: Bool) -> Set<PromptPart> {
    var parts: Set<PromptPart> = hasSystem ? [.system] : []
    if !template.isBareQuestion { parts.insert(.template) }
    return parts
  }
}

extension Prompt {
  /// Whether it is the column `question` and nothing else.
  fileprivate var isBareQuestion: Bool {
    (try? render(["question": "?"]))?.trimmed == "?" && names == ["question"]
  }
}
