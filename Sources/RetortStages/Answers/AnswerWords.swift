internal import RetortCore

/// The words by which stated answers are found, in the languages that models answer in. `tools/rewards` goes by the
/// same ones.
enum AnswerWords {
  /// What an answer is called, before a link such as `is` or a colon.
  static let answers = PhraseTable(
    "answer | answers | answer's | ans | correct option | correct choice | correct letter",
    "correct alternative | correct response | right option | right choice | best option",
    "best choice | proper option | final choice | option chosen | my choice | respuesta",
    "opción correcta | alternativa correcta | opcion correcta | réponse | option correcte | antwort",
    "lösung | risposta | opzione corretta | resposta | opção correta | antwoord | odpowiedź",
    "odpowiedzią | odpověď | cevap | yanıt | đáp án | câu trả lời | svar | svaret | răspuns",
    "răspunsul | válasz | vastaus | απάντηση | ответ | відповідь | отговор | उत्तर | जवाब | উত্তর",
    "คำตอบ | jawaban | jawabannya | תשובה | התשובה | پاسخ | جواب | الجواب | الإجابة | الاجابة",
    "إجابة | اجابة | 정답 | 답변 | 답 | 答え | 答 | 正解 | 答案 | 正确选项 | 正確選項 | 正確答案")

  /// Stated without a link: `I pick B`, `故选B`.
  static let choices = PhraseTable(
    "i choose | i pick | i select | i'd choose | i'd pick | i'd select | i would choose",
    "i would pick | i would select | i'd go with | i would go with | i will go with | i'll go with",
    "i go with | i am going with | i'm going with | we choose | we select | we pick | my pick is",
    "i chose | i will choose | i will select | i'll choose | i'll pick | 故选 | 故選 | 应选 | 應選 | 所以选",
    "因此选 | 选择 | 選擇 | 选 | 選 | 选定 | 本题选 | 答案选 | 应该选")

  /// Weaker: said in passing, or of something else.
  static let hints = PhraseTable(
    "it is | it's | it must be | it should be | it has to be | it can only be | that is | this is",
    "that leaves | this leaves | that must be | which leaves | leaving | leaves | leaving us with",
    "leaves us with | so choose | choose | pick | select | this must be | that would be",
    "it would be | that makes it | it's got to be | we are left with | we're left with | i'd say",
    "i would say | i think | i believe | going with | let's go with | go with | i guess | i conclude",
    "so | thus | hence | therefore | so it's | so it is | so it must be | instead | but | but rather",
    "rather | consequently | 应该是 | 应是 | 应为 | 而是 | 所以 | 因此 | 所以是 | 因此是 | 故 | 只能是 | 正确的是 | 正確的是 | ではなく",
    "でもなく | choice : | option : | correct : | solution : | conclusion : | selection : | → | 选项 :")

  static let links = PhraseTable(
    "is | : | = | - | → | was | be | would be | must be | should be | will be | has to be | remains",
    "is : | being | are | es | est | ist | lautet | è | é | to | là | är | er | je | este | on",
    "olan | adalah | είναι | это | является | هي | هو | 是 | 为 | 為 | 应 | 选 | 選 | 应该 | 就 | は | が | 은",
    "는 | 이 | 가 | คือ | है | हैं | seems to be | appears to be | should therefore be",
    "must therefore be | 应当 | 선택지 | 번")

  /// May stand between an answer's name and the answer.
  static let fillers = PhraseTable(
    "the | option | choice | letter | answer | therefore | thus | clearly | most | likely | probably",
    "definitely | indeed | simply | hence | obviously | then | so | now | certainly | actually",
    "only | correct | right | final | best | option letter | la | el | le | l' | die | der | das",
    "opción | opcion | letra | lettre | buchstabe | lettera | opzione | opção | opcja | вариант",
    "буква | вариантом | under | الخيار | الحرف | 选项 | 選項 | 选择 | 選択肢 | 项 | 最 | 显然 | 当然 | 보기 | just",
    "to question | to problem | for question | to part | to exercise | number | to this question",
    "to the question | to this | here | to this problem | to the problem | above | by elimination",
    "correcta | correcte | korrekt | richtige | corretta | correta | juste | bonne | đúng | 正确 | 正確",
    "النهائية | الصحيحة | الصحيح | poprawna | jest | doğru | şıkkı | lựa chọn | phương án | given",
    "of")

  static let negations = PhraseTable(
    "not | cannot | never | isn't | can't | won't | doesn't | don't | aren't | wasn't | couldn't",
    "shouldn't | no | neither | nor | nicht | kein | keine | pas | n'est | niet | não | nao | nie",
    "не | ليس | ليست | không | phải không | bukan | tidak | inte | ikke | 不 | 非 | 没 | 無 | 并非 | 勿",
    "hardly | isn't necessarily | without | excludes | non | rule out | ruled out | rules out | 排除",
    "none | wouldn't | doubt | 别 | 不能 | eliminate | eliminated | eliminates | exclude | excluded",
    "reject | rejected | unlikely",
    "anything but | far from")

  static let negationsAfter = PhraseTable(
    "では | じゃ | で は | 가 아니 | 이 아니 | 가 아닙 | 이 아닙 | 는 아니 | 은 아니 | 는 아닙 | 은 아닙 | でも | değil | नहीं | ではな",
    "is not | isn't | is wrong | is incorrect | is false | are wrong | 不对 | 是错 | 不正确 | 有误 | 错 | 是不",
    "項は誤 | 不是 | 不符 | is impossible | is invalid | cannot | can't | is out | 吗 | 嗎 | 不成立 | 是不对",
    "is eliminated | is excluded | was wrong | fails | is ruled out | doesn't | does not",
    "are incorrect | is definitely not | is clearly wrong | is also wrong | 也不 | 都不 | 是否",
    "would be wrong | would be incorrect | なら | だとは | だとす | とは言 | 라면 | 이라면",
    "이라고 할 수 없 | 라고 할 수 없 | とは限")

  /// In a sentence before its answer: what is said is not claimed.
  static let supposed = PhraseTable(
    "if | suppose | assume | assuming | supposing | whether | unless | why | someone | might | may",
    "could | tempting | first thought | initially | at first | previously | students | would say",
    "might say | some say | people | imagine | 如果 | 假设 | 假如 | 若 | 要是 | 为什么 | 为何 | 是否 | 假定 | もし | 만약",
    "wenn | si | falls | если | إذا | se | als | originally | i thought | i had thought | you think",
    "let's say | let us say | say that | claims | claim | pretend | perhaps | wrong to | mistake to",
    "mistaken to | incorrect to | when | until | instead of | rather than | for example | e.g",
    "such as | check whether | test | 例如 | 比如 | maybe",
    "false that | not true that | untrue that | incorrect that | wrong that | had we | had i",
    "had it | had they | had you | friend | friends | classmate | he says | she says | they say",
    "in the format | reply with | respond with | e.g. | неверно | неправда | предположим | допустим",
    "有人 | angenommen | supongamos | supongan | suponga | supposons | لنفترض | نفترض | افترض",
    "supponiamo | suponhamos | 假使 | 倘若 | 仮に | 例えば | nehmen wir an | teacher says")

  /// Ends what was supposed or denied before.
  static let so = PhraseTable(
    "so | therefore | thus | hence | consequently | 所以 | 因此 | 故 | 因而 | 从而 | したがって | だから")

  /// At a sentence's start: what was stated before counts no more.
  static let retractions = PhraseTable(
    "wait | hmm | hold on | scratch that | correction | oops | sorry | actually | on second thought",
    "on reflection | let me correct | i was wrong | i made a mistake | my mistake | that is wrong",
    "that's wrong | that is incorrect | that is not right | that's not right | apologies",
    "i apologize | let me reconsider | no wait | not quite | never mind | 不对 | 等等 | 等一下 | 错了 | 更正",
    "抱歉 | いや | 違う | 待って | 아니 | 잠깐 | that's incorrect | nope | this is wrong | i take that back",
    "strike that | i misread | i need to correct | let me fix | let me redo | 不，",
    "korrektur | perdón | perdon | corrección | точнее | вернее | поправка | genauer")

  /// Anywhere after what was stated: it counts no more.
  static let corrections = PhraseTable(
    "corrected | correction : | i mean | i meant | typo | no wait | no , wait | wait , no",
    "make that | 更正 | 訂正 | exactly , | precisely , | or precisely | or exactly | more precisely",
    "more exactly | to be exact | to be precise | sorry , | pardon | 정정 | genauer gesagt | mejor dicho")

  /// Anywhere after what was stated: it is in doubt.
  static let doubts = PhraseTable(
    "also fits | also works | equally valid | equally correct | equally good | equally right",
    "or maybe | or perhaps | or is it | or possibly | i'm not sure | i am not sure | unsure",
    "both are valid | both are correct | both are right | both fit | both work | but i disagree",
    "could work too | works as well | work as well | fits as well | also possible")

  /// Before an answer's name: it is not the one that the text states.
  static let others: Set<String> = [
    "alternative", "common", "draft", "earlier", "example", "false", "falsche", "friend's", "her", "his",
    "incorrect", "initial", "mistaken", "naive", "original", "previous", "sample", "student's",
    "students'", "tentative", "textbook's", "their", "typical", "wrong", "your", "неверный",
    "неправильный", "不", "他", "你", "她", "生", "誤", "误", "错", "오",
  ]

  /// As ``others``, where an answer was stated already.
  static let mine = PhraseTable("我的")

  /// Shortly before a marked answer: it is not the one that the text states.
  static let unmarked: Set<String> = [
    "disagree", "draft", "earlier", "incorrect", "initially", "instead", "never", "nicht", "not",
    "originally", "previous", "previously", "rather", "wrong", "не", "不",
  ]

  /// Where the words of ``unmarked`` stop.
  static let unmarkedStops: Set<String> = [
    "\n", "!", ",", ".", ":", ";", "?", "but", "hence", "is", "now", "so", "therefore", "thus", "。", "而",
  ]

  /// Around a number: it is a bound.
  static let bounded = PhraseTable(
    "exceeds | exceed | exceeding | under | below | above | over | beyond | greater than",
    "less than | more than | fewer than | smaller than | larger than | at least | at most | 大于 | 大於",
    "小于 | 小於 | 超过 | 超過 | 少于 | 多于 | 高于 | 低于 | 至少 | 至多 | 以上 | 以下 | 未満 | より大 | より小 | より多 | より少 | 보다",
    "이상 | 이하 | 미만 | 초과 | ≥ | ≤ | ≠ | > | < | mehr als | weniger als | mindestens | höchstens",
    "más de | menos de | plus de | moins de | больше | меньше | не менее | не более")

  /// After a number: it is denied, or supposed.
  static let deniedAfter = PhraseTable(
    "ではな | では | じゃな | なら | だとは | 이 아니 | 가 아니 | 아니 | 아닙 | 이라면 | 라면 | 则矛盾 | 是错 | 不对",
    "is wrong | is incorrect | would be wrong | isn't | is not")

  /// A text that says so states no number without naming it.
  static let refusals = PhraseTable(
    "i don't know | i do not know | can't solve | cannot solve | unable to | cannot determine",
    "can't determine | i can't | i cannot | cannot be determined | not sure | no idea | 无法 | 不知道",
    "わかりません | 分かりません | 모르")

  static let nothing = PhraseTable(
    "none | neither | unknown | cannot be determined | undetermined | 无 | 以上都不 | 不能确定 | 无法确定",
    "not given")

  /// What may follow an option that was stated, within its sentence.
  static let followers = PhraseTable(
    "because | since | as | for | due | given | and | but | or | which | that | with | based | not",
    "rather | instead | is | in | from | by | so | thus | therefore | while | whereas | according",
    "only | here | who | where | then | hence | option | choice | 选项 | 項 | 项 | 因 | 由 | 而 | 即 | 所 | 故",
    "吧 | 啊 | 了 | 和 | 或 | 与 | で | が | は | を | に | だ | と | です | 입니다 | 이다 | 번 | 정 | 正确 | 才 | ， | なの",
    "porque | ya | y | o | car | parce | puisque | et | ou | weil | da | und | oder | perché | pois",
    "потому | так | и | или | لأن | لان | vì | çünkü | omdat | want | bo | ponieważ | fordi | mert",
    "koska | karena | 이므로 | 인 | 입 | sino | sondern | mais | ma | mas | а | но | لكن | بل | 是 | 이 | 가",
    "แ | เพราะ | है | it | this | if | unless | when | would | over | after | correct | 也 | 、")

  static let verdicts = PhraseTable(
    "is correct | is right | is the correct | is the right | is the best | is the answer",
    "is the only correct | must be correct | is therefore correct | is clearly correct",
    "is thus correct | is indeed correct | is definitely correct | is my answer | is therefore the",
    "is clearly the | is thus the | must be the correct | must be the answer | is hence the",
    "must be right | is the most | is our answer | is the only option | is the only answer | remains",
    "is the final answer | has to be correct | 选项正确 | 项正确 | 正确 | 选项是正确的 | 项是正确的 | 是正确的 | 是正确答案",
    "为正确答案 | 是对的 | 选项对 | 项对 | 是答案 | 是正确 | が正解 | が正しい | が答え | は正しい | は正解 | 이 정답 | 가 정답 | es correcta",
    "es la correcta | est correcte | ist richtig | ist korrekt | è corretta | está correta",
    "is juist | верно | верный | is the one | 符合题意 | 选项符合题意 | 项符合题意")

  static let wrong = PhraseTable(
    "is wrong | is incorrect | is false | is not | isn't | is eliminated | is excluded | is out",
    "is impossible | is invalid | 选项错误 | 项错误 | 错误 | 是错误的 | 不正确 | 选项不正确 | 项不正确 | 不对 | は誤り | が間違い",
    "は間違い | 错 | 项错 | must be wrong | can be eliminated | can be excluded | can be ruled out",
    "cannot be | can't be | was wrong | must be false")

  /// Between what is denied and what is stated instead.
  static let but = PhraseTable(
    "but | but rather | rather | it is | 而是 | 而应 | 应该是 | で はなく | instead | sino | sondern | mais",
    "ma | mas | а | لكن | بل | 应是")

  static let wrongWords = PhraseTable(
    "wrong | incorrect | false | error | 错 | 误 | 誤 | 不")

  /// Before a number, where no answer is stated by name.
  static let numberHints = PhraseTable(
    "gives | equals | is equal to | we get | i get | result is | total is | sum is | comes to",
    "total of | gives us | get | 等于 | 得到 | 一共 | 共 | 结果是 | makes | is | are | was")

  /// After an option: it is an answer only where something else holds.
  static let conditions: Set<String> = [
    "could", "if", "might", "unless", "when", "would",
  ]

  /// What may follow a letter that is not said to be the answer in so many words.
  static let reasons: Set<String> = [
    "as", "because", "due", "for", "given", "instead", "not", "rather", "since", "す", "だ", "で", "因", "而",
    "选", "项",
  ]

  static let optionNouns: Set<String> = [
    "alternative", "answer", "choice", "letter", "opción", "option", "option:", "вариант", "选", "选项",
  ]

  /// Between options that are stated side by side.
  static let and: Set<String> = [
    "&", ",", "/", "and", "and/or", "e", "eller", "en", "et", "hoặc", "lub", "o", "och", "oder", "of",
    "og", "or", "ou", "plus", "und", "ve", "veya", "và", "y", "ή", "и", "или", "أو", "و", "か", "と", "与",
    "及", "和", "或", "跟", "还", "또",
  ]

  static let verdictNouns: Set<String> = [
    "accurate", "answer", "appropriate", "best", "choice", "correct", "letter", "one", "option", "right",
    "suitable",
  ]

  static let verdictStarts: Set<String> = [
    "are", "is", "was",
  ]

  /// Words before a number that say nothing against it.
  static let beforeNumber: Set<String> = [
    "a", "about", "answer", "approx", "approximately", "are", "around", "ca", "circa", "cny", "environ",
    "equal", "equals", "etwa", "eur", "exactly", "final", "gbp", "get", "gives", "has", "have", "he",
    "inr", "is", "it", "jpy", "just", "number", "of", "only", "result", "rmb", "roughly", "rs", "she",
    "so", "sum", "the", "then", "there", "therefore", "they", "thus", "to", "total", "ungefähr", "unos",
    "us", "usd", "value", "we", "which", "为", "于", "以", "共", "大", "所", "是", "有", "等", "约",
  ]

  /// Quantities that the number before them does not say by itself, and words that make it a bound.
  static let unreadable: Set<String> = [
    "am", "billions", "bn", "choose", "crore", "cubed", "divided", "dozen", "dozens", "factorial",
    "fewer", "fifths", "half", "halves", "hundreds", "hundredths", "infinity", "k", "lakh", "less", "m",
    "millions", "minus", "mn", "mod", "more", "or", "pair", "pairs", "pi", "plus", "pm", "quarter",
    "quarters", "score", "sqrt", "squared", "squares", "tenths", "third", "thirds", "thousands", "times",
    "to", "π", "∞", "几", "到", "半", "多", "或", "至",
  ]

  /// Words that end what a number counts.
  static let stops: Set<String> = [
    "after", "are", "as", "because", "but", "by", "car", "due", "for", "from", "given", "hence", "here",
    "if", "is", "not", "now", "porque", "since", "so", "that", "therefore", "thus", "using", "was",
    "weil", "were", "when", "where", "which", "with", "で", "因", "所", "由",
  ]

  /// In a line without a named answer: its number may be another's, or a bound.
  static let bounds: Set<String> = [
    "#", "above", "almost", "assume", "below", "between", "cannot", "case", "chapter", "could", "double",
    "equation", "every", "except", "fewer", "figure", "from", "greater", "half", "if", "isn't", "least",
    "less", "line", "maximum", "may", "might", "minimum", "more", "most", "nearly", "neither", "never",
    "nicht", "no", "nor", "not", "option", "or", "over", "page", "part", "problem", "question",
    "section", "step", "suppose", "table", "than", "to", "twice", "under", "unless", "up", "when",
    "whether", "without", "不", "或", "至", "超",
  ]

  /// Tags that end a line.
  static let breaks: Set<String> = [
    "br", "div", "h1", "h2", "h3", "h4", "li", "p", "td", "th", "tr",
  ]

  /// LaTeX commands that only dress a text.
  static let dress: Set<String> = [
    "Big", "bf", "big", "bigl", "bigr", "bm", "boldsymbol", "color", "displaylines", "displaystyle",
    "emph", "ensuremath", "hbox", "hspace", "large", "left", "mathbb", "mathbf", "mathit", "mathrm",
    "mathsf", "mathtt", "mbox", "operatorname", "qquad", "quad", "right", "rm", "text", "textbf",
    "textit", "textrm", "textsf", "texttt", "tiny", "underline",
  ]

  /// Chinese and Japanese measure words, which a numeral may count by.
  static let measures: Set<String> = [
    "で", "个", "人", "件", "位", "個", "倍", "元", "克", "円", "分", "千", "升", "厘", "只", "台", "名", "周", "块", "天",
    "头", "小", "岁", "年", "度", "张", "斤", "日", "时", "月", "本", "条", "枚", "次", "秒", "米", "股", "角", "辆", "里",
  ]

  /// LaTeX commands that are a sign.
  static let commands: [String: Unicode.Scalar] = [
    "frac": PlainSigns.fraction, "dfrac": PlainSigns.fraction, "tfrac": PlainSigns.fraction,
    "cfrac": PlainSigns.fraction, "times": "×", "cdot": "·", "approx": "≈", "circ": "°", "degree": "°",
    "rightarrow": "→", "Rightarrow": "→", "to": "→",
  ]

  static let ordinals: [String: Int] = [
    "first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "seventh": 6, "eighth": 7,
    "ninth": 8, "tenth": 9,
  ]

  /// Arabic option letters.
  static let arabic: [String: Int] = [
    "أ": 0, "ا": 0, "ب": 1, "ج": 2, "د": 3, "ه": 4,
  ]

  static let hanDigits: [Unicode.Scalar: Int] = [
    "零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "〇": 0, "两": 2,
    "兩": 2,
  ]

  static let hanUnits: [Unicode.Scalar: Int] = [
    "十": 10, "百": 100, "千": 1000,
  ]

  static let hanScales: [Unicode.Scalar: Int] = [
    "万": 10000, "萬": 10000, "亿": 100_000_000, "億": 100_000_000,
  ]

  /// Words that multiply a number, with their powers of ten.
  static let scales: [String: Int] = [
    "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "万": 4, "萬": 4, "亿": 8,
    "億": 8,
  ]

  static let superscripts: [Unicode.Scalar: Character] = [
    "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9",
    "⁻": "-",
  ]

  static let vulgar: [Unicode.Scalar: Double] = [
    "½": 1.0 / 2, "⅓": 1.0 / 3, "⅔": 2.0 / 3, "¼": 1.0 / 4, "¾": 3.0 / 4, "⅕": 1.0 / 5, "⅖": 2.0 / 5,
    "⅗": 3.0 / 5, "⅘": 4.0 / 5, "⅙": 1.0 / 6, "⅚": 5.0 / 6, "⅐": 1.0 / 7, "⅛": 1.0 / 8, "⅜": 3.0 / 8,
    "⅝": 5.0 / 8, "⅞": 7.0 / 8, "⅑": 1.0 / 9, "⅒": 1.0 / 10,
  ]
}

extension AnswerWords {
  /// Whether an answer's name is that of another's answer, or of one that is wrong.
  /// - Parameter isStated: whether an answer was stated before.
  static func isOther(_ at: Int, in tokens: [AnswerToken], isStated: Bool) -> Bool {
    if isStated, at >= 2, mine.end(in: tokens, at: at - 2) > at - 2 { return true }
    let before = tokens[max(0, at - 2)..<at].reversed().prefix { $0.kind != .sign && $0.kind != .line }
    return before.contains { others.contains($0.low) }
  }

  /// Whether the words before a marked answer say that it does not count.
  static func isUnmarked(_ at: Int, in tokens: [AnswerToken]) -> Bool {
    var isFound = false
    for token in tokens[max(0, at - 6)..<at].reversed() {
      if unmarkedStops.contains(token.low) { break }
      // What stands in a mark that has no end says nothing of the next one.
      if token.text == "\u{27E6}" { return false }
      if token.text == "\u{27E7}" { break }
      isFound = isFound || unmarked.contains(token.low)
    }
    return isFound
  }
}

/// Phrases by their first word, longest first; each is the words that ``AnswerToken`` makes of it.
struct PhraseTable {
  private var phrases: [String: [[String]]] = [:]

  /// - Parameter lines: phrases with `|` between them.
  init(_ lines: String...) {
    for phrase in lines.joined(separator: "|").split(separator: "|") {
      let words = AnswerToken.list(of: Array(String(phrase).trimmed.unicodeScalars)).map(\.low)
      if let first = words.first { phrases[first, default: []].append(words) }
    }
    for first in phrases.keys { phrases[first]?.sort { $0.count > $1.count } }
  }

  /// The index after the longest phrase that stands in `tokens` at `place`; `place` itself where none does.
  func end(in tokens: [AnswerToken], at place: Int) -> Int {
    guard place < tokens.count, let found = phrases[tokens[place].low] else { return place }
    for words in found where place + words.count <= tokens.count {
      if words.indices.dropFirst().allSatisfy({ tokens[place + $0].low == words[$0] }) {
        return place + words.count
      }
    }
    return place
  }
}
