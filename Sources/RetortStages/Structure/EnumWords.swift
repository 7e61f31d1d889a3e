internal import RetortCore

/// What the values of an enum may be written as.
struct EnumWords: Hashable, Sendable {
  private let values: Set<String>
  /// The value of each plain word.
  private let meaning: [String: String]

  init(_ values: [String], synonyms: [String: [String]] = [:]) {
    self.values = Set(values)
    var meaning = Set(values) == ["true", "false"] ? Self.verdictWords : [:]
    for value in values {
      for word in [value] + (synonyms[value] ?? []) { meaning[Self.plain(word)] = value }
    }
    self.meaning = meaning.filter { !$0.key.isEmpty }
  }

  static let verdict = EnumWords(["true", "false"])

  /// The value that a text says in other words, case and signs; else the text in lower case without white space.
  func value(of text: String) -> String {
    if values.contains(text) { return text }
    return meaning[Self.plain(text)] ?? text.lowercased().filter { !$0.isWhitespace }
  }

  func contains(_ value: String) -> Bool { values.contains(value) }

  private static func plain(_ text: String) -> String {
    AnswerToken.list(of: PlainSigns(text).scalars).filter { $0.kind != .sign && $0.kind != .line }.map(\.low)
      .joined()
  }

  private static let verdictWords: [String: String] = Dictionary(
    trueWords.map { ($0, "true") } + falseWords.map { ($0, "false") }, uniquingKeysWith: { first, _ in first }
  )

  private static let trueWords = [
    "true", "yes", "correct", "正确", "正確", "真", "是", "对", "對", "成立", "はい", "正しい", "참", "예", "vrai", "oui",
    "verdadero", "verdadeiro", "vero", "sí", "wahr", "richtig", "верно", "истина", "да", "صحيح", "نعم",
  ]
  private static let falseWords = [
    "false", "no", "incorrect", "错误", "錯誤", "假", "否", "错", "錯", "不正确", "不正確", "不对", "不成立", "不是", "いいえ", "誤り",
    "偽",
    "거짓", "아니요", "faux", "non", "falso", "falsch", "неверно", "ложь", "нет", "خطأ", "لا",
  ]
}
