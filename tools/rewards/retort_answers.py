"""Reads the answer that a completion states, as retort's stages do: thoughts are skipped, the last stated answer
counts, and what states none, or two side by side, is unreadable (None) and never wrong.

Needs nothing but Python 3.9. The words it goes by are those of Sources/RetortStages/Answers/AnswerWords.swift; the cases in
Tests/answer-forms.json are read by both.
"""

import unicodedata

# ---- Thoughts -------------------------------------------------------------------------------------------------------

THOUGHTS = {"think", "thinking", "thought", "thoughts", "reasoning", "\u601d\u8003"}
EVERYDAY = {"analysis", "reason", "reflection", "scratchpad"}  # also everyday words: they count as pairs
BRACKETS = (("<", ">"), ("[", "]"), ("\u25c1", "\u25b7"), ("\uff1c", "\uff1e"), ("&lt;", "&gt;"))
PREFIXES = (("begin_of_", "opens"), ("start_of_", "opens"), ("begin_", "opens"), ("start_", "opens"), ("end_of_", "closes"),
            ("end_", "closes"))
LONGEST_MARK, LONGEST_TAG, LONGEST_ANSWER = 256, 200, 400


class Scan:
    """Reads forwards through a text."""

    def __init__(self, text, at, end):
        self.text, self.at, self.end = text, at, end

    def take(self, piece):
        found = self.text.startswith(piece, self.at, self.end)
        self.at += len(piece) if found else 0
        return found

    def skip(self, accepts):
        start = self.at
        while self.at < self.end and accepts(self.text[self.at]):
            self.at += 1
        return self.at > start

    def spaces(self):
        return self.skip(lambda c: c in " \t\n\v\f\r")

    def word(self, close=None):
        start = self.at
        while self.at < self.end and not (close and self.text.startswith(close, self.at)):
            char = self.text[self.at]
            if not (char >= "\x80" or char == "_" or "a" <= char.lower() <= "z"):
                break
            self.at += 1
        return self.text[start : self.at]


def spoken(text):
    """What a reply says outside of its thoughts; empty when a thought has no end, since all that follows may be thought."""
    said, opened, name, start = [], False, "", 0
    for kind, begin, end, mark, everyday in _marks(text):
        if kind == "opens" and opened or kind == "closes" and everyday and not (opened and name == mark):
            continue
        if not opened and start < begin:
            said.append(text[start:begin])
        if kind == "answers" or kind == "closes" and not opened:
            said = []
        opened, name, start = kind == "opens", mark, end
    return "" if opened else "".join([*said, text[start:]]).strip()


def _marks(text):
    """(kind, begin, end, name, whether an everyday word) of the marks of thoughts that count, in order."""
    marks, at = [], 0
    while at < len(text):
        mark = _mark(text, at) if text[at] in "<[&\u25c1\uff1c" else None
        if mark is None:
            at += 1
            continue
        before = text[at - 1] if at else ""
        if not (before and before in "`'\"" and text[mark[2] : mark[2] + 1] == before):
            marks.append(mark)
        at = mark[2]
    if text.lstrip().startswith("analysis") and "assistantfinal" in text:
        place = text.index("assistantfinal")
        marks.append(("answers", place, place + len("assistantfinal"), "", False))
        marks.sort(key=lambda mark: mark[1])
    channels = any(mark[0] != "ends" and not mark[3] for mark in marks)
    closes = {mark[3]: mark[2] for mark in marks if mark[0] == "closes"}
    length, opened, counting = len(text.rstrip()), set(), []
    for mark in marks:
        kind, begin, _, name, everyday = mark
        if kind == "ends":
            counts = channels
        elif not everyday:
            counts = True
        elif kind == "closes":
            counts = name in opened
            opened.discard(name)
        else:
            counts = name in closes and begin < closes[name] < length
            if counts:
                opened.add(name)
        if counts:
            counting.append(mark)
    return counting


def _mark(text, at):
    end = min(len(text), at + LONGEST_MARK)
    if text.startswith(("<|", "<channel|>"), at):
        return _token(text, at, end)
    for opener, closer in BRACKETS:
        if not text.startswith(opener, at):
            continue
        scan = Scan(text, at + len(opener), end)
        scan.spaces()
        closes = scan.take("/")
        scan.spaces()
        name = scan.word(closer)
        if scan.take(":"):
            name = scan.word(closer)
        low = name.lower()
        if low not in THOUGHTS and low not in EVERYDAY:
            continue
        square = opener == "["
        if not square and scan.spaces():
            scan.skip(lambda c: c != closer[0] and c != "<")
        if text[scan.at - 1] == "/" or not scan.take(closer):
            continue
        everyday = low in EVERYDAY or square and name != "THINK"
        return ("closes" if closes else "opens", at, scan.at, low, everyday)
    return None


def _token(text, at, end):
    scan = Scan(text, at, end)
    if scan.take("<channel|>"):
        return ("closes", at, scan.at, "", False)
    scan.take("<|")
    closes = scan.take("/")
    word = scan.word().lower()
    if word == "channel" and scan.take(">"):
        known = scan.word().lower() in THOUGHTS
        return ("opens", at, scan.at, "", False) if known else None
    if not scan.take("|>"):
        return None
    if word == "channel":
        channel = scan.word().lower()
        message = text.find("<|message|>", scan.at, end)
        after = message + len("<|message|>") if message >= 0 else scan.at
        return ("answers" if channel == "final" else "opens", at, after, "", False)
    if word == "start":
        scan.word()
        return ("ends", at, scan.at, "", False)
    if word in ("end", "return", "call"):
        return ("ends", at, scan.at, "", False)
    for prefix, kind in (*PREFIXES, ("", "closes" if closes else "opens")):
        if word.startswith(prefix) and word[len(prefix) :] in THOUGHTS:
            return (kind, at, scan.at, "", False)
    return None


# ---- Tokens ---------------------------------------------------------------------------------------------------------

OPEN, CLOSE = "\u27e6", "\u27e7"  # around what is marked as the answer: \\boxed{...}, <answer>...</answer>, #### ...
ANSWER_TAGS = {"answer", "final_answer", "finalanswer", "final"}
BREAKS = {"br", "p", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4"}
FRACTION, OTHER_COMMAND = "\ue000", "\ue00f"
COMMANDS = {
    "frac": FRACTION, "dfrac": FRACTION, "tfrac": FRACTION, "cfrac": FRACTION, "times": "\u00d7", "cdot": "\u00b7",
    "approx": "\u2248", "circ": "\u00b0", "degree": "\u00b0", "rightarrow": "\u2192", "Rightarrow": "\u2192", "to": "\u2192",
}
SKIPPED_COMMANDS = {
    "left", "right", "big", "Big", "bigl", "bigr", "displaystyle", "bf", "rm", "quad", "qquad", "hspace", "tiny", "large",
    "text", "textbf", "textrm", "textit", "texttt", "textsf", "mathrm", "mathbf", "mathsf", "mathit", "mathtt", "bm",
    "boldsymbol", "operatorname", "underline", "emph", "mbox", "hbox", "color", "ensuremath", "mathbb", "displaylines",
}


def fold(char):
    """Full width, circled, squared and mathematical letters and digits as plain ones; quotes, brackets, dashes and
    spaces of every kind as one of each. The empty text for what is no sign of its own."""
    code = ord(char)
    if code < 0x80:
        return char
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFEE0)
    if 0x24B6 <= code <= 0x24CF:
        return chr(code - 0x24B6 + 65)
    if 0x24D0 <= code <= 0x24E9:
        return chr(code - 0x24D0 + 97)
    if 0x249C <= code <= 0x24B5:
        return chr(code - 0x249C + 97)
    for start in (0x1F130, 0x1F150, 0x1F170):
        if start <= code < start + 26:
            return chr(code - start + 65)
    if 0x1D400 <= code <= 0x1D6A3:
        place = (code - 0x1D400) % 52
        return chr(place + 65) if place < 26 else chr(place - 26 + 97)
    if 0x1D7CE <= code <= 0x1D7FF:
        return chr((code - 0x1D7CE) % 10 + 48)
    if char in "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000":
        return " "
    if char in "\u2028\u2029\u0085":
        return "\n"
    if char in "\u2018\u2019\u02bc\u00b4\u2032":
        return "'"
    if char in "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f\u300a\u300b\u3008\u3009\u2033":
        return '"'
    if char in "\u3010\u3014\u3016\u27e8\u2983":
        return "("
    if char in "\u3011\u3015\u3017\u27e9\u2984":
        return ")"
    if char in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\ufe58":
        return "-"
    if char in "\u3001\u060c\uff64":
        return ","
    if char == "\u061b":
        return ";"
    if char in "\u3002\uff61\u0964\u06d4":
        return "\u3002"
    if char == "\u061f":
        return "?"
    if char in "\u066b\u066c":
        return "." if char == "\u066b" else ","
    if char == "\u2026":
        return "..."
    if char in "\u2192\u21d2\u27f9\u27a1":
        return "\u2192"
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return chr(48 + digit)
    category = unicodedata.category(char)
    if category == "Cf" or 0xFE00 <= code <= 0xFE0F or code == 0x20E3:
        return ""
    if category in ("So", "Sk", "Co", "Cn") and char != "\u00b0":
        return " "
    return char


def cleaned(text, keeping_braces=False):
    """The text without markup: what is marked as the answer stands between OPEN and CLOSE, LaTeX is spelt out as far as
    it only dresses a text, emphasis, tags, headings, quotes' and tables' marks are gone."""
    chars = []
    for char in text:
        chars.extend(fold(char))
    out, braces, place, count = [], [], 0, len(chars)
    line_start = True
    while place < count:
        char = chars[place]
        if char == "\r":
            place += 1
            continue
        if line_start:
            line_start = False
            after = _line_marks(chars, place, out)
            if after > place:
                place = after
                continue
        if char == "\n":
            if braces and braces[-1] == "line":
                braces.pop()
                out.append(CLOSE)
            out.append(char)
            line_start = True
            place += 1
        elif char == "\\":
            place = _command(chars, place, out, braces)
        elif char == "{" and chars[place + 1 : place + 3] == [",", "}"]:
            out.append(",")
            place += 3
        elif char == "{":
            braces.append("plain")
            out.append("{" if keeping_braces else "")
            place += 1
        elif char == "}":
            brace = braces.pop() if braces and braces[-1] != "line" else "dress"
            out.append(CLOSE if brace == "box" else "}" if brace == "plain" and keeping_braces else "")
            place += 1
        elif char == "<":
            place = _tag(chars, place, out)
        elif char == "*":
            run = place
            while run < count and chars[run] == "*":
                run += 1
            before, after = chars[place - 1] if place else "\n", chars[run] if run < count else "\n"
            product = is_letter(before or " ") and is_letter(after or " ") and run - place == 1 or before == after == " "
            out.append("*" if product and keeping_braces else "")
            place = run
        elif char == "`":
            place += 1
        elif char == "_":
            inner = 0 < place < count - 1 and is_letter(chars[place - 1]) and is_letter(chars[place + 1])
            out.append("_" if inner else "")
            place += 1
        elif char == "|":
            out.append("\n")
            place += 1
        elif char == "$" and not (place + 1 < count and "0" <= chars[place + 1] <= "9"):
            place += 1
        elif char == "#" and chars[place : place + 4] == ["#"] * 4 and chars[place + 4 : place + 5] != ["#"]:
            out.append(OPEN)
            braces.append("line")
            place += 4
        else:
            out.append(char)
            place += 1
    if braces and braces[-1] == "line":
        out.append(CLOSE)
    return [char for char in out if char]


def _line_marks(chars, place, out):
    """The index after the marks of a heading, a quotation or a bullet at a line's start."""
    at, count = place, len(chars)
    while at < count and chars[at] in " \t|:=-":
        at += 1
    if chars[place:at].count("-") >= 3 and (at == count or chars[at] == "\n"):
        return at  # a line under a heading or a table's head
    at = place
    while at < count and chars[at] in " \t":
        at += 1
    while at < count and chars[at] == ">":
        at += 1
        while at < count and chars[at] in " \t":
            at += 1
    marks = at
    while marks < count and chars[marks] == "#":
        marks += 1
    if marks > at and marks - at != 4:
        return marks
    if at + 1 < count and chars[at] in "*+\u2022\u00b7" and chars[at + 1] in " \t":
        return at + 2
    return at


def _command(chars, place, out, braces):
    at, count = place + 1, len(chars)
    if at < count and not ("a" <= chars[at].lower() <= "z"):
        # `\(`, `\,`, `\%`, `\$`: spaces, and signs that stand for themselves.
        sign = chars[at]
        out.append(sign if sign in "%$&#_" else "\n" if sign == "\\" else "" if sign == "!" else " ")
        return at + 1
    while at < count and "a" <= chars[at].lower() <= "z":
        at += 1
    name = "".join(chars[place + 1 : at])
    start = at
    while at < count and chars[at] == " ":
        at += 1
    if name in ("boxed", "fbox", "framebox"):
        if at < count and chars[at] == "{":
            out.append(OPEN)
            braces.append("box")
            return at + 1
        return start
    if name in SKIPPED_COMMANDS:
        out.append(" ")
        if at < count and chars[at] == "{":
            braces.append("dress")
            return at + 1
        return start
    out.append(COMMANDS.get(name, OTHER_COMMAND))
    return start


def _tag(chars, place, out):
    at, count = place + 1, len(chars)
    limit = min(count, place + LONGEST_TAG)
    closes = at < count and chars[at] == "/"
    if closes:
        at += 1
    special = at < count and chars[at] == "|"
    first = at
    while at < limit and chars[at] not in "<>\n":
        at += 1
    if at >= limit or chars[at] != ">" or first == at:
        out.append("<")
        return place + 1
    inside = "".join(chars[first:at])
    if not (special or "a" <= inside[0].lower() <= "z"):
        out.append("<")
        return place + 1
    name = inside.lower().strip("/ ").split(" ")[0]
    if name in ANSWER_TAGS:
        out.append(CLOSE if closes else OPEN)
    else:
        out.append("\n" if name in BREAKS else "" if not special else " ")
    return at + 1


class Token:
    __slots__ = ("text", "low", "gap", "kind", "at")

    def __init__(self, text, kind, gap, at):
        self.text, self.low, self.kind, self.gap, self.at = text, text.lower(), kind, gap, at

    def __repr__(self):
        return repr(self.text)


def is_letter(char):
    """Letters, numbers and the marks that belong to them."""
    return unicodedata.category(char)[0] in "LNM"


def stands_alone(char):
    """Whether a letter is a word by itself, in scripts that put no spaces between words."""
    code = ord(char)
    return is_letter(char) and (
        0x2E80 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7AF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF
        or 0x0E00 <= code <= 0x0EFF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17FF or 0xFF66 <= code <= 0xFF9D
    )


def tokens_of(chars):
    """Words (with digits in them), numbers' digits, signs, line ends; characters of scripts without spaces are words."""
    tokens, word, gap, word_gap, word_at = [], [], False, False, 0

    def flush():
        if word:
            text = "".join(word)
            kind = "w" if any(unicodedata.category(c)[0] != "N" for c in text) else "d"
            tokens.append(Token(text, kind, word_gap, word_at))
            word.clear()

    count = len(chars)
    for place, char in enumerate(chars):
        if char == "\n":
            flush()
            tokens.append(Token("\n", "n", gap, place))
            gap = True
        elif char.isspace():
            flush()
            gap = True
        elif stands_alone(char):
            flush()
            tokens.append(Token(char, "c", gap, place))
            gap = False
        elif is_letter(char) or char in "'_" and word and place + 1 < count and is_letter(chars[place + 1]):
            if not word:
                word_gap, word_at = gap, place
            word.append(char)
            gap = False
        else:
            flush()
            tokens.append(Token(char, "p", gap, place))
            gap = False
    flush()
    return tokens


# ---- Option letters -------------------------------------------------------------------------------------------------


def _phrases(*lines):
    """Phrases by their first word, longest first; each a list of words as `tokens_of` makes them."""
    table = {}
    for line in lines:
        for phrase in line.split("|"):
            words = [t.low for t in tokens_of(list(phrase.strip()))]
            table.setdefault(words[0], []).append(words)
    for found in table.values():
        found.sort(key=len, reverse=True)
    return table


# What an answer is called, before a link such as `is` or a colon.
ANSWERS = _phrases(
    "answer | answers | answer's | ans | correct option | correct choice | correct letter | correct alternative | correct response",
    "right option | right choice | best option | best choice | proper option | final choice | option chosen | my choice",
    "respuesta | opción correcta | alternativa correcta | opcion correcta | réponse | option correcte | antwort | lösung",
    "risposta | opzione corretta | resposta | opção correta | antwoord | odpowiedź | odpowiedzią | odpověď | cevap | yanıt",
    "đáp án | câu trả lời | svar | svaret | răspuns | răspunsul | válasz | vastaus | απάντηση | ответ | відповідь | отговор",
    "उत्तर | जवाब | উত্তর | คำตอบ | jawaban | jawabannya | תשובה | התשובה | پاسخ | جواب | الجواب",
    "الإجابة | الاجابة | إجابة | اجابة | 정답 | 답변 | 답 | 答え | 答 | 正解 | 答案 | 正确选项 | 正確選項 | 正確答案",
)
# Stated without a link: `I pick B`, `故选B`.
CHOICES = _phrases(
    "i choose | i pick | i select | i'd choose | i'd pick | i'd select | i would choose | i would pick | i would select",
    "i'd go with | i would go with | i will go with | i'll go with | i go with | i am going with | i'm going with",
    "we choose | we select | we pick | my pick is | i chose | i will choose | i will select | i'll choose | i'll pick",
    "故选 | 故選 | 应选 | 應選 | 所以选 | 因此选 | 选择 | 選擇 | 选 | 選 | 选定 | 本题选 | 答案选 | 应该选",
)
# Weaker: said in passing, or of something else.
HINTS = _phrases(
    "it is | it's | it must be | it should be | it has to be | it can only be | that is | this is | that leaves | this leaves",
    "that must be | which leaves | leaving | leaves | leaving us with | leaves us with | so choose | choose | pick | select",
    "this must be | that would be | it would be | that makes it | it's got to be | we are left with | we're left with",
    "i'd say | i would say | i think | i believe | going with | let's go with | go with | i guess | i conclude",
    "so | thus | hence | therefore | so it's | so it is | so it must be | instead | but | but rather | rather | consequently",
    "应该是 | 应是 | 应为 | 而是 | 所以 | 因此 | 所以是 | 因此是 | 故 | 只能是 | 正确的是 | 正確的是 | ではなく | でもなく",
    "choice : | option : | correct : | solution : | conclusion : | selection : | \u2192 | 选项 :",
)
LINKS = _phrases(
    "is | : | = | - | \u2192 | was | be | would be | must be | should be | will be | has to be | remains | is : | being | are",
    "es | est | ist | lautet | è | é | to | là | är | er | je | este | on | olan | adalah | είναι | это | является | هي | هو",
    "是 | 为 | 為 | 应 | 选 | 選 | 应该 | 就 | は | が | 은 | 는 | 이 | 가 | คือ | है | हैं | seems to be | appears to be",
    "should therefore be | must therefore be | 应当 | 선택지 | 번",
)
FILLERS = _phrases(
    "the | option | choice | letter | answer | therefore | thus | clearly | most | likely | probably | definitely | indeed",
    "simply | hence | obviously | then | so | now | certainly | actually | only | correct | right | final | best | option letter",
    "la | el | le | l' | die | der | das | opción | opcion | letra | lettre | buchstabe | lettera | opzione | opção | opcja",
    "вариант | буква | вариантом | under | الخيار | الحرف | 选项 | 選項 | 选择 | 選択肢 | 项 | 最 | 显然 | 当然 | 보기 | just",
    "to question | to problem | for question | to part | to exercise | number",
    "to this question | to the question | to this | here | to this problem | to the problem | above | by elimination",
    "correcta | correcte | korrekt | richtige | corretta | correta | juste | bonne | đúng | 正确 | 正確 | النهائية | الصحيحة",
    "الصحيح | poprawna | jest | doğru | şıkkı | lựa chọn | phương án | given | of",
)
NEGATIONS = _phrases(
    "not | cannot | never | isn't | can't | won't | doesn't | don't | aren't | wasn't | couldn't | shouldn't | no | neither | nor",
    "nicht | kein | keine | pas | n'est | niet | não | nao | nie | не | ليس | ليست | không | phải không | bukan | tidak | inte | ikke",
    "不 | 非 | 没 | 無 | 并非 | 勿 | hardly | isn't necessarily | without | excludes | non | rule out | ruled out | rules out | 排除",
    "none | wouldn't | doubt | 别 | 不能 | eliminate | eliminated | eliminates | exclude | excluded | reject | rejected | unlikely",
    "anything but | far from",
)
NEGATION_AFTER = _phrases(
    "では | じゃ | で は | 가 아니 | 이 아니 | 가 아닙 | 이 아닙 | 는 아니 | 은 아니 | 는 아닙 | 은 아닙 | でも | değil | नहीं | ではな | is not | isn't | is wrong | is incorrect | is false | are wrong",
    "不对 | 是错 | 不正确 | 有误 | 错 | 是不 | 項は誤 | 不是 | 不符 | is impossible | is invalid | cannot | can't | is out | 吗 | 嗎",
    "不成立 | 是不对 | is eliminated | is excluded | was wrong | fails | is ruled out | doesn't | does not | are incorrect",
    "is definitely not | is clearly wrong | is also wrong | 也不 | 都不 | 是否",
    "would be wrong | would be incorrect | なら | だとは | だとす | とは言 | 라면 | 이라면 | 이라고 할 수 없 | 라고 할 수 없 | とは限",
)
# In a sentence before its answer: what is said is not claimed.
SUPPOSED = _phrases(
    "if | suppose | assume | assuming | supposing | whether | unless | why | someone | might | may | could | tempting",
    "first thought | initially | at first | previously | students | would say | might say | some say | people | imagine",
    "如果 | 假设 | 假如 | 若 | 要是 | 为什么 | 为何 | 是否 | 假定 | もし | 만약 | wenn | si | falls | если | إذا | se | als",
    "originally | i thought | i had thought | you think | let's say | let us say | say that | claims | claim | pretend | perhaps",
    "wrong to | mistake to | mistaken to | incorrect to | when | until | instead of | rather than | for example | e.g | such as | check whether | test | 例如 | 比如 | maybe",
    "false that | not true that | untrue that | incorrect that | wrong that | had we | had i | had it | had they | had you",
    "friend | friends | classmate | he says | she says | they say | in the format | reply with | respond with | e.g.",
    "неверно | неправда | предположим | допустим | 有人 | angenommen | supongamos | supongan | suponga | supposons | لنفترض",
    "نفترض | افترض | supponiamo | suponhamos | 假使 | 倘若 | 仮に | 例えば | nehmen wir an | teacher says",
)
SO = _phrases("so | therefore | thus | hence | consequently | 所以 | 因此 | 故 | 因而 | 从而 | したがって | だから")
RETRACTIONS = _phrases(
    "wait | hmm | hold on | scratch that | correction | oops | sorry | actually | on second thought | on reflection",
    "let me correct | i was wrong | i made a mistake | my mistake | that is wrong | that's wrong | that is incorrect",
    "that is not right | that's not right | apologies | i apologize | let me reconsider | no wait | not quite | never mind",
    "不对 | 等等 | 等一下 | 错了 | 更正 | 抱歉 | いや | 違う | 待って | 아니 | 잠깐 | that's incorrect | nope | this is wrong",
    "i take that back | strike that | i misread | i need to correct | let me fix | let me redo | 不，",
    "korrektur | perdón | perdon | corrección | точнее | вернее | поправка | genauer",
)
# Anywhere after what was stated: it counts no more.
CORRECTIONS = _phrases(
    "corrected | correction : | i mean | i meant | typo | no wait | no , wait | wait , no | make that | 更正 | 訂正 | exactly , | precisely ,",
    "or precisely | or exactly | more precisely | more exactly | to be exact | to be precise | sorry , | pardon | 정정",
    "genauer gesagt | mejor dicho",
)
# Anywhere after what was stated: it is in doubt.
DOUBTS = _phrases(
    "also fits | also works | equally valid | equally correct | equally good | equally right | or maybe | or perhaps | or is it",
    "or possibly | i'm not sure | i am not sure | unsure | both are valid | both are correct | both are right | both fit | both work",
    "but i disagree | could work too | works as well | work as well | fits as well | also possible",
)
# Before an answer's name: it is not the one that the text states.
OTHERS = {
    "wrong", "incorrect", "your", "initial", "alternative", "student's", "students'", "earlier", "previous", "original", "draft",
    "sample", "example", "tentative", "textbook's", "friend's", "his", "her", "their", "naive", "mistaken", "false", "typical",
    "common", "falsche", "неправильный", "неверный", "错", "误", "誤", "오", "不", "他", "她", "你", "生",
}
MINE = _phrases("我的")
# Shortly before a marked answer: it is not the one that the text states; and where such words stop.
UNMARKED = {
    "not", "previously", "previous", "earlier", "draft", "instead", "rather", "wrong", "incorrect", "disagree", "initially",
    "originally", "never", "不", "nicht", "не",
}
UNMARKED_STOPS = {",", ":", ".", "\u3002", "!", ";", "?", "\n", "but", "so", "thus", "hence", "therefore", "而", "now", "is"}
# Around a number: it is a bound.
BOUNDED = _phrases(
    "exceeds | exceed | exceeding | under | below | above | over | beyond | greater than | less than | more than | fewer than",
    "smaller than | larger than | at least | at most | 大于 | 大於 | 小于 | 小於 | 超过 | 超過 | 少于 | 多于 | 高于 | 低于 | 至少 | 至多 | 以上 | 以下",
    "未満 | より大 | より小 | より多 | より少 | 보다 | 이상 | 이하 | 미만 | 초과 | \u2265 | \u2264 | \u2260 | > | < | mehr als | weniger als",
    "mindestens | höchstens | más de | menos de | plus de | moins de | больше | меньше | не менее | не более",
)
# After a number: it is denied, or supposed.
DENIED_AFTER = _phrases(
    "ではな | では | じゃな | なら | だとは | 이 아니 | 가 아니 | 아니 | 아닙 | 이라면 | 라면 | 则矛盾 | 是错 | 不对 | is wrong | is incorrect",
    "would be wrong | isn't | is not",
)
# A text that says so states no number without naming it.
REFUSALS = _phrases(
    "i don't know | i do not know | can't solve | cannot solve | unable to | cannot determine | can't determine | i can't | i cannot",
    "cannot be determined | not sure | no idea | 无法 | 不知道 | わかりません | 分かりません | 모르",
)
NOTHING = _phrases("none | neither | unknown | cannot be determined | undetermined | 无 | 以上都不 | 不能确定 | 无法确定 | not given")
# What may follow an option that was stated, within its sentence.
FOLLOWERS = _phrases(
    "because | since | as | for | due | given | and | but | or | which | that | with | based | not | rather | instead | is | in",
    "from | by | so | thus | therefore | while | whereas | according | only | here | who | where | then | hence | option | choice",
    "选项 | 項 | 项 | 因 | 由 | 而 | 即 | 所 | 故 | 吧 | 啊 | 了 | 和 | 或 | 与 | で | が | は | を | に | だ | と | です | 입니다 | 이다 | 번 | 정",
    "正确 | 才 | ， | なの | porque | ya | y | o | car | parce | puisque | et | ou | weil | da | und | oder | perché | porque | pois",
    "потому | так | и | или | لأن | لان | vì | çünkü | omdat | want | bo | ponieważ | fordi | mert | koska | karena | 이므로 | 인 | 입",
    "sino | sondern | mais | ma | mas | а | но | لكن | بل | 是 | 이 | 가 | แ | เพราะ | है | because | it | this | if | unless | when | would | according | as | over | after | correct | 也 | 、",
)
CONDITIONS = {"if", "unless", "when", "would", "could", "might"}
# What may follow a letter that is not said to be the answer in so many words.
REASONS = {"because", "since", "as", "for", "not", "rather", "instead", "因", "而", "で", "だ", "选", "项", "due", "given", "す"}
OPTION_NOUNS = {"option", "choice", "letter", "answer", "选", "选项", "option:", "opción", "вариант", "alternative"}
AND = {"and", "or", "&", "/", ",", "和", "或", "与", "及", "と", "y", "o", "et", "ou", "und", "oder", "e", "и", "или", "و", "أو",
       "か", "还", "plus", "또", "and/or", "ή", "và", "hoặc", "ve", "veya", "en", "of", "lub", "og", "eller", "och", "跟"}
VERDICTS = _phrases(
    "is correct | is right | is the correct | is the right | is the best | is the answer | is the only correct | must be correct",
    "is therefore correct | is clearly correct | is thus correct | is indeed correct | is definitely correct | is my answer",
    "is therefore the | is clearly the | is thus the | must be the correct | must be the answer | is hence the | must be right",
    "is the most | is our answer | is the only option | is the only answer | remains | is the final answer | has to be correct",
    "选项正确 | 项正确 | 正确 | 选项是正确的 | 项是正确的 | 是正确的 | 是正确答案 | 为正确答案 | 是对的 | 选项对 | 项对 | 是答案 | 是正确",
    "が正解 | が正しい | が答え | は正しい | は正解 | 이 정답 | 가 정답 | es correcta | es la correcta | est correcte",
    "ist richtig | ist korrekt | è corretta | está correta | is juist | верно | верный | is the one | 符合题意 | 选项符合题意 | 项符合题意",
)
VERDICT_NOUNS = {"answer", "option", "choice", "one", "correct", "right", "best", "appropriate", "accurate", "suitable", "letter"}
WRONG = _phrases(
    "is wrong | is incorrect | is false | is not | isn't | is eliminated | is excluded | is out | is impossible | is invalid",
    "选项错误 | 项错误 | 错误 | 是错误的 | 不正确 | 选项不正确 | 项不正确 | 不对 | は誤り | が間違い | は間違い | 错 | 项错",
    "must be wrong | can be eliminated | can be excluded | can be ruled out | cannot be | can't be | was wrong | must be false",
)
ARABIC = {"\u0623": 0, "\u0627": 0, "\u0628": 1, "\u062c": 2, "\u062f": 3, "\u0647": 4, "\u0647\u0640": 4}
ORDINALS = {w: n for n, w in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split())}
OPENERS = {"(", "[", '"', "'", OPEN}
CLOSERS = {")", "]", '"', "'", CLOSE}
ENDS = {".", "\u3002", "!", ";", "?"}


class Choice:
    """The option letter that a text states; `letter` is None when it states none, or several."""

    def __init__(self, text, options=None):
        self.limit = options or 8
        self.tokens = tokens_of(cleaned(text))
        self.count = len(self.tokens)
        self.listed = self._listed()
        self.ends = self._sentence_ends()
        # What is stated so far: strength 0 (nothing), 1 (said in passing), 2 (as the answer).
        self.current, self.strength, self.mixed, self.retracted = None, 0, False, False
        self._read()
        self.letter = chr(65 + self.current) if self.strength and not self.mixed else None

    # What a statement does.

    def _state(self, letters, strength):
        letter = letters[0] if len(set(letters)) == 1 and letters[0] < self.limit else None
        if strength == 2:
            self.current, self.strength, self.mixed = letter, 2, letter is None
        elif letter is None or (self.strength and letter != self.current):
            self.mixed = True
        elif not self.strength:
            self.current, self.strength = letter, 1

    def _retract(self):
        self.current, self.strength, self.mixed, self.retracted = None, 0, False, True

    def _reject(self, letter):
        if self.strength and letter == self.current:
            self.mixed = True

    # Single steps; each takes an index and gives the one after what it took.

    def _take(self, table, at):
        """The index after the longest phrase of `table` at `at`; `at` itself when there is none."""
        tokens = self.tokens
        if at >= self.count:
            return at
        for words in table.get(tokens[at].low, ()):
            end = at + len(words)
            if end <= self.count and all(tokens[at + k].low == words[k] for k in range(1, len(words))):
                return end
        return at

    def _is(self, at, table):
        return self._take(table, at) > at

    def _others(self, at):
        """Whether an answer's name at `at` is that of another's answer, or of one that is wrong."""
        before = at - 1
        while before >= max(0, at - 2) and self.tokens[before].kind not in "np":
            if self.tokens[before].low in OTHERS:
                return True
            before -= 1
        return False

    def _unmarked(self, at):
        """Whether the words before a marked answer say that it does not count."""
        before, found = at - 1, False
        while before >= max(0, at - 6) and self.tokens[before].low not in UNMARKED_STOPS:
            if self.tokens[before].text in (OPEN, CLOSE):
                # What stands in a mark that has no end says nothing of the next one.
                return found and self.tokens[before].text == CLOSE
            found = found or self.tokens[before].low in UNMARKED
            before -= 1
        return found

    def _option(self, at, loose):
        """(letter, index after it) of an option named at `at`, brackets included. `loose`: small letters too."""
        tokens, start = self.tokens, at
        bracket = False
        while at < self.count and tokens[at].kind == "p" and tokens[at].text in OPENERS and at - start < 4:
            bracket = True
            at += 1
        if at >= self.count or at in self.listed:
            return None
        token = tokens[at]
        letter = self._letter(token, loose or bracket)
        if letter is None:
            after = self._ordinal(at) if loose else None
            return after
        at += 1
        while at < self.count and tokens[at].kind == "p" and tokens[at].text in CLOSERS:
            at += 1
        closed = tokens[at - 1].kind == "p"
        return (letter, at) if self._whole(token, at, closed) else None

    def _letter(self, token, loose):
        text = token.text
        if token.kind == "w" and len(text) == 1:
            if "A" <= text <= "Z":
                return ord(text) - 65
            if loose and "a" <= text <= "z":
                return ord(text) - 97
            return ARABIC.get(text) if loose else None
        return ARABIC.get(text) if loose and text in ARABIC else None

    def _ordinal(self, at):
        tokens = self.tokens
        if at + 1 < self.count and tokens[at].low in ORDINALS and tokens[at + 1].low in VERDICT_NOUNS:
            return (ORDINALS[tokens[at].low], at + 2)
        return None

    def _whole(self, letter, at, closed):
        """Whether the letter before `at` is a word of its own there, and no initial, unit, set or article."""
        if at >= self.count:
            return True
        token = self.tokens[at]
        if token.kind in "nd":
            return token.kind == "n" or (closed and token.gap)
        if token.kind == "p":
            if token.text in ".\u3002,:;!?":
                # `B. F. Skinner`, `e.g.`
                after = self.tokens[at + 1] if at + 1 < self.count else None
                if token.text == "." and after and after.kind == "w" and len(after.text) == 1:
                    stop = self.tokens[at + 2] if at + 2 < self.count else None
                    if (stop and stop.text == "." and not stop.gap) or not after.gap:
                        return False
                return not (token.text in ",:" and after and after.kind == "d" and not after.gap)
            if token.text == "-":
                return token.gap
            return token.text in "/&()[]\"'\u2192" + OPEN + CLOSE
        if closed:
            return token.gap or token.kind == "c"
        if letter.text in "aAiI" and letter.gap and token.kind == "w" and not self._is(at, FOLLOWERS):
            return False
        return (token.gap or token.kind == "c") and self._is(at, FOLLOWERS)

    def _more(self, at, letters):
        """Further options after a stated one: `B or C`."""
        tokens = self.tokens
        while at < self.count:
            if tokens[at].low not in AND:
                # `(A) (B) (C)`
                found = self._option(at, False) if tokens[at].text in ("(", "[", OPEN) else None
                if found is None or tokens[found[1] - 1].text not in CLOSERS:
                    break
                letters.append(found[0])
                at = found[1]
                continue
            comma = tokens[at].text == ","
            next_at = at + 1
            while next_at < self.count and tokens[next_at].low in AND | {"rather", "also", "possibly", "maybe", "是", "者"}:
                next_at += 1
            while next_at < self.count and tokens[next_at].low in OPTION_NOUNS:
                next_at += 1
            small = letters and self.tokens[at - 1].text in "abcdefghij"
            found = self._option(next_at, small)
            if found is None or (comma and self._is(found[1], WRONG)):
                break
            letters.append(found[0])
            at = found[1]
        return at

    def _ended(self, at):
        """Whether a clause ends at `at`, or goes on with a reason."""
        if at >= self.count:
            return True
        token = self.tokens[at]
        return token.kind == "n" or token.text in ".\u3002!;,:)]-" or token.text == CLOSE or token.low in REASONS

    # What the whole text says of its tokens, once.

    def _listed(self):
        """Letters that number the lines of a list of options: of lines `A. ...` and `B. ...` one after the other."""
        places, line, first = [], 0, True
        for at, token in enumerate(self.tokens):
            if token.kind == "n":
                line += 1 if not first else 0
                first = True
            elif first and not (token.kind == "p" and token.text in "([\"" + OPEN):
                first = False
                follows = self.tokens[at + 1] if at + 1 < self.count else None
                letter = self._letter(token, False)
                if letter is not None and follows and follows.kind == "p" and follows.text in ".):,-]":
                    places.append((line, letter, at))
        found = set()
        for one, other in zip(places, places[1:]):
            if other[0] == one[0] + 1 and one[1] != other[1]:
                found.update((one[2], other[2]))
        return found

    def _sentence_ends(self):
        ends, end = [0] * (self.count + 1), self.count
        ends[self.count] = self.count
        for at in range(self.count - 1, -1, -1):
            token = self.tokens[at]
            if token.kind == "n" or token.text in ENDS:
                end = at
            ends[at] = end
        return ends

    def _asked(self, at):
        """Whether the sentence around `at` is a question."""
        end = self.ends[at]
        if end < self.count and self.tokens[end].text == "?":
            return True
        return end > at and self.tokens[end - 1].text in "吗嗎呢"

    # The walk.

    def _read(self):
        tokens = self.tokens
        words = [t for t in tokens if t.kind in "wcd"]
        if len(words) == 1 and self._letter(words[0], True) is not None and len(tokens) < 12:
            if not any(t.text in "?+=%^" for t in tokens):
                self._state([self._letter(words[0], True)], 2)
            return
        self._ends_of_text()
        at, supposed, negated, fresh = 0, False, False, True
        while at < self.count:
            token = tokens[at]
            if token.kind == "n" or token.text in ENDS:
                supposed = negated = False
                fresh = True
                at += 1
                continue
            if token.text in ",:" or token.low in ("but", "and", "while", "whereas", "而", "但"):
                negated = False
            if self._is(at, SO) or token.low in ("but", "however", "但", "yet"):
                supposed = negated = False
            retracted = self._retraction(at, fresh)
            if retracted > at:
                self._retract()
                fresh, supposed, negated = True, False, False
                at = retracted
                continue
            corrected = self._take(CORRECTIONS, at)
            if self.strength and corrected > at:
                self._retract()
                fresh, supposed, negated = True, False, False
                at = corrected
                continue
            if self.strength and self._is(at, DOUBTS):
                self.mixed = True
            after = self._statement(at, supposed, negated, fresh)
            if after > at:
                fresh, negated = False, False
                at = after
                continue
            if self._is(at, SUPPOSED):
                supposed, fresh = True, False
                at = self._take(SUPPOSED, at)
                continue
            if self._is(at, NEGATIONS):
                negated = True
            if not (token.kind == "p" or token.low in OPTION_NOUNS or token.low in ("so", "well", "ok", "okay", "yes", "then", "now", "and", "thus")):
                fresh = False
            at += 1

    def _retraction(self, at, fresh):
        tokens, token = self.tokens, self.tokens[at]
        if token.low in ("no", "nein", "non", "нет", "不"):
            before = at == 0 or tokens[at - 1].kind in "np"
            after = at + 1 >= self.count or tokens[at + 1].kind == "n" or tokens[at + 1].text in ",.\u3002!:-"
            if before and after:
                return at + 1
        if fresh:
            return self._take(RETRACTIONS, at)
        return at

    def _statement(self, at, supposed, negated, fresh):
        """Takes what is stated at `at`; the index after it, or `at` when nothing is."""
        token = self.tokens[at]
        marked = token.text == OPEN
        if marked:
            return self._marked(at)
        end = self._take(ANSWERS, at)
        if end > at and not self._is(at, HINTS):
            others = self._others(at) or bool(self.strength) and self._is(at - 2, MINE)
            return self._answer(at, end, supposed or others, negated)
        end = self._take(CHOICES, at)
        if end > at and not self._compound(at, end):
            found = self._claim(at, end, supposed, negated, 2)
            if found > at:
                return found
        end = self._take(HINTS, at)
        if end > at:
            found = self._claim(at, end, supposed, negated, 1)
            if found > at:
                return found
        return self._verdict(at, supposed, negated, fresh)

    def _compound(self, at, end):
        """Whether a choice's word is but a part of another: `选项`, `可选`."""
        before, after = (self.tokens[at - 1].text if at else ""), (self.tokens[end].text if end < self.count else "")
        return self.tokens[at].kind == "c" and (before in tuple("可要首挑当若候备") or after in tuple("项項题題"))

    def _marked(self, at):
        """An option in a box or an answer element; what else stands there states no option."""
        end = at + 1
        while self._is(end, FILLERS) or self._is(end, ANSWERS) or self._is(end, LINKS):
            end = max(self._take(FILLERS, end), self._take(ANSWERS, end), self._take(LINKS, end))
        while end < self.count and self.tokens[end].kind == "n":
            end += 1
        inner = self._option(end, True)
        if inner is None:
            return at
        if self._is(inner[1], NEGATION_AFTER):
            return inner[1]
        letters = [inner[0]]
        after = self._more(inner[1], letters)
        if self._unmarked(at):
            self._reject(inner[0])
            return after
        self._state(letters, 2)
        return after

    def _answer(self, at, end, supposed, negated):
        """`the answer is B`: a link and words of no weight may stand between."""
        linked, steps, line = False, 0, False
        tokens = self.tokens
        linked = tokens[end - 1].low == "answer's"
        if tokens[at].low == "答" and end - at == 1 and not (end < self.count and tokens[end].text in ":是为选"):
            return at
        while end < self.count and steps < 12:
            steps += 1
            if linked and self._is(end, NOTHING):
                if not (supposed or negated):
                    self._state([99], 2)
                return end
            if self._is(end, NEGATIONS) and not (tokens[end].low == "no" and self._option(end, False)):
                return self._denied(at, end)
            option = self._option(end, linked)
            if option and not (not linked and not self._direct(option[1])):
                break
            if tokens[end].kind == "n":
                line = True
                end += 1
                continue
            took = self._take(LINKS, end)
            if took > end:
                linked = True
                end = took
                continue
            took = self._take(FILLERS, end)
            if took > end:
                end = took
                continue
            if tokens[end].kind == "p" and tokens[end].text in "()[]\"'" + OPEN + CLOSE:
                linked = linked or tokens[end].text == OPEN
                end += 1
                continue
            if tokens[end].kind == "d" and not linked and not line:
                end += 1
                continue
            break
        else:
            return at
        option = self._option(end, linked or line)
        if option is None:
            return at
        if not (linked or line or self._direct(option[1])):
            return at
        return self._settle(option, supposed, negated, 2) or at

    def _direct(self, at):
        """`Answer B` without a link: only where nothing else is said."""
        return at >= self.count or self.tokens[at].kind == "n" or self.tokens[at].text in ".\u3002!"

    def _claim(self, at, end, supposed, negated, strength):
        steps = 0
        tokens = self.tokens
        noun = False
        while end < self.count and steps < 6:
            steps += 1
            if self._is(end, NEGATIONS):
                return self._denied(at, end)
            option = self._option(end, False)
            if option:
                break
            noun = noun or tokens[end].low in OPTION_NOUNS
            took = self._take(FILLERS, end)
            if took == end and tokens[end].kind == "p" and tokens[end].text in ",:":
                took = end + 1
            if took == end:
                break
            end = took
        loose = strength == 2 or noun
        option = self._option(end, loose)
        if option is None:
            return at
        if strength == 1 and not self._ended(option[1]):
            return at
        if tokens[at].low == "it" and option[1] < self.count and tokens[option[1]].low in ("who", "that", "which"):
            return at
        return self._settle(option, supposed, negated, strength) or at

    def _settle(self, option, supposed, negated, strength):
        """Makes a statement of the option just read, unless its sentence takes it back."""
        letters = [option[0]]
        if self._is(option[1], NEGATION_AFTER):
            self._reject(option[0])
            return option[1]
        follows = self.tokens[option[1]].low if option[1] < self.count else ""
        after = self._more(option[1], letters)
        if negated:
            for letter in letters:
                self._reject(letter)
            return after
        if supposed or follows in CONDITIONS or self._asked(after if after < self.count else self.count):
            return after
        self._state(letters, strength)
        return after

    def _denied(self, at, end):
        """`is not A`: no statement; `not A but B` and `不是A，而是B` state B."""
        end = max(self._take(NEGATIONS, end), end + 1)
        while self._is(end, FILLERS) or self._is(end, LINKS):
            end = max(self._take(FILLERS, end), self._take(LINKS, end))
        option = self._option(end, False)
        if option is None:
            return at
        self._reject(option[0])
        letters = []
        after = self._more(option[1], letters)
        link = after
        if link < self.count and self.tokens[link].text == ",":
            link += 1
        took = self._take(BUT, link)
        if took > link:
            while self._is(took, FILLERS) or self._is(took, LINKS):
                took = max(self._take(FILLERS, took), self._take(LINKS, took))
            found = self._option(took, False)
            if found and not self._asked(found[1]):
                self._state([found[0]], 2)
                return found[1]
        return after

    def _verdict(self, at, supposed, negated, fresh):
        """`B is correct`, `B选项正确`, a sentence that is but a letter, `B, since ...` at the text's start."""
        tokens = self.tokens
        noun = at > 0 and tokens[at - 1].low in OPTION_NOUNS
        ordinal = self._ordinal(at)
        option = ordinal or self._option(at, noun)
        if option is None:
            return at
        letters = [option[0]]
        end = option[1]
        single = end
        end = self._more(end, letters)
        if self._is(end, WRONG):
            for letter in letters:
                self._reject(letter)
            return self._take(WRONG, end)
        took = self._take(VERDICTS, end)
        if took > end and self._is(took, NEGATION_AFTER):
            for letter in letters:
                self._reject(letter)
            return took
        if took > end:
            while took < self.count and tokens[took].low in VERDICT_NOUNS:
                took += 1
            if self._ended(took) or tokens[took].kind == "c" or tokens[took].low in ("and", "but", "to"):
                if not (supposed or self._asked(took)):
                    if negated:
                        for letter in letters:
                            self._reject(letter)
                    else:
                        self._state(letters, 1)
                return took
        if fresh and self._alone(at, single):
            if not self._asked(single):
                self._state(letters, 1)
            return end
        return end

    def _alone(self, at, end):
        """Whether the letter is a sentence by itself."""
        if end < self.count and not (self.tokens[end].kind == "n" or self.tokens[end].text in ".\u3002!"):
            return False
        if end < self.count and self.tokens[end].text == ".":
            # `B. All birds fly` is an option's text.
            return end + 1 >= self.count or self.tokens[end + 1].kind == "n" or self.tokens[end + 1].text == "." or self.retracted
        return True

    def _ends_of_text(self):
        """`B) because ...`: the option that the first line, or the last, begins with, where no other line does."""
        lines, start = [], 0
        for at in range(self.count + 1):
            if at == self.count or self.tokens[at].kind == "n":
                if at > start:
                    lines.append((start, at))
                start = at + 1
        if not lines:
            return
        for start, end in dict.fromkeys([lines[0], lines[-1]]):
            option = self._option(start, False)
            if option is None or option[1] >= end:
                continue
            mark = self.tokens[option[1] - 1] if self.tokens[option[1] - 1].kind == "p" else self.tokens[option[1]]
            follows = self.tokens[option[1]]
            plain = follows.text in ".:-" or (follows.text == "," and self.tokens[min(option[1] + 1, self.count - 1)].low in REASONS)
            if not (plain or follows.low in REASONS or mark.text in ")]"):
                continue
            if mark.text in ")]" and start == option[1] - 3 and follows.low in VERDICT_STARTS:
                continue
            if any(self._is(k, NEGATIONS) or self._is(k, WRONG_WORDS) for k in range(option[1], min(end, option[1] + 30))):
                continue
            letters = [option[0]]
            self._more(option[1], letters)
            if not self._asked(option[1]) and len(set(letters)) == 1:
                self._state(letters, 1)


BUT = _phrases("but | but rather | rather | it is | 而是 | 而应 | 应该是 | で はなく | instead | sino | sondern | mais | ma | mas | а | لكن | بل | 应是")
WRONG_WORDS = _phrases("wrong | incorrect | false | error | 错 | 误 | 誤 | 不")
VERDICT_STARTS = {"is", "are", "was"}


def stated_letter(text, options=None):
    """The option letter that a completion states as its answer, or None where it states none or several. options: how
    many there are, A to H where nobody says."""
    return Choice(spoken(text), options).letter


def known_letter(answer):
    """The letter of a known answer written as `b`, `B`, `(B)`, `**B**` or `B. text`; None for anything else."""
    tokens = [t for t in tokens_of(cleaned(answer)) if t.kind != "n"]
    while tokens and tokens[0].text in ("(", "[", '"', OPEN):
        tokens.pop(0)
    if not tokens or len(tokens[0].text) != 1 or not "A" <= tokens[0].text.upper() <= "Z":
        return None
    if len(tokens) > 1 and tokens[1].text not in (".", ")", ":", "]", '"', CLOSE):
        return None
    return tokens[0].text.upper()


# ---- Numbers --------------------------------------------------------------------------------------------------------

VULGAR = {
    "\u00bd": (1, 2), "\u2153": (1, 3), "\u2154": (2, 3), "\u00bc": (1, 4), "\u00be": (3, 4), "\u2155": (1, 5), "\u2156": (2, 5),
    "\u2157": (3, 5), "\u2158": (4, 5), "\u2159": (1, 6), "\u215a": (5, 6), "\u2150": (1, 7), "\u215b": (1, 8), "\u215c": (3, 8),
    "\u215d": (5, 8), "\u215e": (7, 8), "\u2151": (1, 9), "\u2152": (1, 10),
}
SUPERSCRIPTS = {c: str(n) for n, c in enumerate("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")}
SUPERSCRIPTS["\u207b"] = "-"
HAN_DIGITS = {c: n for n, c in enumerate("\u96f6\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d")}
HAN_DIGITS.update({"\u3007": 0, "\u4e24": 2, "\u5169": 2})
HAN_UNITS = {"\u5341": 10, "\u767e": 100, "\u5343": 1000}
HAN_SCALES = {"\u4e07": 10**4, "\u842c": 10**4, "\u4ebf": 10**8, "\u5104": 10**8}
MEASURES = set(
    "\u4e2a\u500b\u53ea\u6761\u5143\u4eba\u5929\u5e74\u6708\u65e5\u5c0f\u65f6\u65f6\u5206\u79d2\u7c73\u5343\u514b\u65a4\u91cc\u6b21\u500d\u5ea6\u540d\u4f4d\u672c\u4ef6\u5f20\u5c81\u5757\u89d2\u5398\u5347\u80a1\u5468\u679a\u8f86\u5934\u53f0\u3067\u4eba\u5186\u500b")
SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "\u4e07": 4, "\u842c": 4, "\u4ebf": 8, "\u5104": 8}
# Words before a number that say nothing against it.
BEFORE_NUMBER = {
    "about", "approximately", "approx", "roughly", "exactly", "around", "usd", "eur", "gbp", "rmb", "us", "rs", "inr", "so", "is",
    "the", "number", "value", "a", "of", "total", "just", "only", "equals", "equal", "to", "thus", "therefore", "then", "it",
    "answer", "final", "result", "have", "has", "get", "he", "she", "they", "we", "there", "are", "which", "gives", "sum",
    "\u662f", "\u4e3a", "\u7ea6", "\u5927", "\u5171", "\u7b49", "\u4e8e", "\u6709", "\u6240", "\u4ee5", "ungef\u00e4hr", "etwa", "environ", "unos", "ca", "circa", "jpy", "cny",
}
# Quantities that the number before them does not say by itself, and words that make it a bound.
UNREADABLE = {
    "dozen", "dozens", "score", "pair", "pairs", "half", "halves", "quarter", "quarters", "third", "thirds", "fifths", "tenths",
    "hundredths", "lakh", "crore", "hundreds", "thousands", "millions", "billions", "squared", "cubed", "factorial", "choose", "times",
    "plus", "minus", "divided", "mod", "or", "to", "k", "m", "bn", "mn", "am", "pm", "\u6216", "\u5230", "\u81f3", "\u591a", "\u534a", "\u51e0", "sqrt", "pi", "\u03c0", "\u221e",
    "infinity", "more", "less", "fewer", "squares",
}
STOPS = {
    "because", "since", "as", "so", "which", "that", "where", "when", "after", "by", "using", "from", "given", "due", "therefore", "thus",
    "hence", "for", "with", "\u56e0", "\u6240", "\u7531", "\u3067", "weil", "porque", "car", "but", "not", "if", "here", "is", "are", "was", "were", "now",
}
BOUNDS = {
    "not", "between", "or", "more", "less", "least", "most", "over", "under", "above", "below", "fewer", "greater", "than", "nearly",
    "almost", "up", "to", "isn't", "cannot", "\u4e0d", "\u81f3", "\u8d85", "no", "nicht", "from", "never", "almost", "every", "minimum",
    "maximum", "if", "suppose", "assume", "whether", "unless", "when", "could", "might", "may", "\u6216", "neither", "nor", "except", "without", "half", "twice", "double", "step", "question", "problem", "option", "part",
    "line", "figure", "table", "case", "chapter", "page", "section", "equation", "#",
}
NUMBER_HINTS = _phrases(
    "gives | equals | is equal to | we get | i get | result is | total is | sum is | comes to | total of | gives us | get",
    "\u7b49\u4e8e | \u5f97\u5230 | \u4e00\u5171 | \u5171 | \u7ed3\u679c\u662f | makes | is | are | was",
)


class Quantity:
    """A number as a text states it: its value, its digits when it is written as a whole number, whether in percent,
    and what it counts."""

    def __init__(self, value, integer=None, percent=False, unit=""):
        self.value, self.integer, self.percent, self.unit = value, integer, percent, unit

    def __eq__(self, other):
        return isinstance(other, Quantity) and vars(self) == vars(other)

    def agrees(self, other, tolerance=None):
        """Whether this is the known number `other`; None when what they count, or percent, leaves that open."""
        if self.percent != other.percent:
            bare = (self.value * 100 if self.percent else self.value, other.value * 100 if other.percent else other.value)
            if abs(bare[0] - bare[1]) <= 1e-9 * max(1, abs(bare[1])):
                return None
        if self.integer is not None and other.integer is not None and tolerance is None:
            same = self.integer == other.integer
        else:
            same = abs(self.value - other.value) <= (1e-6 if tolerance is None else tolerance) * max(1, abs(other.value))
        if same and self.unit and other.unit and self.unit != other.unit:
            return None
        return same


class NumberScan:
    """Reads one quantity off characters, from an index on; `at` is where it stopped. None where what stands there is no
    number, or no single one."""

    def __init__(self, chars, at, end, comma=False):
        self.chars, self.at, self.end, self.comma = chars, at, end, comma

    def peek(self, ahead=0):
        return self.chars[self.at + ahead] if self.at + ahead < self.end else ""

    def spaces(self):
        while self.peek() in (" ", "\t"):
            self.at += 1

    def word(self):
        """The word at `at`, lower case, not taken."""
        if self.peek() and stands_alone(self.peek()):
            return self.peek()
        place = self.at
        while place < self.end and (is_letter(self.chars[place]) or self.chars[place] == "'") \
                and not stands_alone(self.chars[place]):
            if "0" <= self.chars[place] <= "9" and place == self.at:
                break
            place += 1
        return "".join(self.chars[self.at : place]).lower()

    def digits(self):
        start = self.at
        while "0" <= (self.peek() or "x") <= "9":
            self.at += 1
        return "".join(self.chars[start : self.at])

    def is_digit(self, ahead=0):
        return "0" <= (self.peek(ahead) or "x") <= "9"

    def quantity(self):
        """A quantity at the start, but for words of no weight, and nothing after it that says another."""
        bracket = False
        negative = False
        while True:
            self.spaces()
            char = self.peek()
            if char == "":
                return None
            if char in "([\"'{" or char == OPEN:
                bracket = bracket or char == "("
                self.at += 1
            elif unicodedata.category(char) == "Sc":
                self.at += 1
            elif char in (":", "=", "~", "\u2248", "\n"):
                self.at += 1
            else:
                word = self.word()
                if word in ("minus", "negative", "\u8d1f", "\u8ca0"):
                    negative = not negative
                elif not word or word not in BEFORE_NUMBER and not self.named(word):
                    break
                self.at += len(word)
        if self.peek() in ("-", "+"):
            negative = negative != (self.peek() == "-")
            self.at += 1
            self.spaces()
            if self.peek() and unicodedata.category(self.peek()) == "Sc":
                self.at += 1
        start = self.at
        found = self.core()
        if found is None:
            return None
        value, integer = found
        grouped = any(c in ",' " for c in self.chars[start : self.at])
        if bracket and grouped:
            return None
        if negative:
            value = -value
            integer = integer and ("-" + integer if integer != "0" else integer)
        return self.counted(value, integer)

    def named(self, word):
        """Whether a name of a variable and its sign of equality stand here: `x =`."""
        place = self.at + len(word)
        if len(word) > 3:
            return False
        while place < self.end and self.chars[place] == " ":
            place += 1
        return place < self.end and self.chars[place] in ("=", "\u2248")

    def core(self):
        """(value, digits of a whole number or None)."""
        char = self.peek()
        if char == FRACTION:
            found = self.fraction()
            return found and (found, None)
        if char in VULGAR:
            self.at += 1
            return (VULGAR[char][0] / VULGAR[char][1], None)
        if char in HAN_DIGITS or char in HAN_UNITS:
            return self.han()
        literal = self.literal()
        if literal is None:
            return None
        text, whole = literal
        value = float(text)
        integer = (text.lstrip("0") or "0") if whole else None
        if whole:
            mixed = self.mixed()
            if mixed is False:
                return None
            if mixed is not None:
                return (value + mixed, None)
        if self.peek() == "/" or (self.peek() == " " and self.peek(1) == "/" and self.peek(2) == " "):
            self.at += 1 if self.peek() == "/" else 3
            below = self.literal()
            if below is None:
                return None
            if float(below[0]) == 0 or self.peek() == "/":
                return None
            return (value / float(below[0]), None)
        return self.power(text, value, integer)

    def literal(self):
        """The digits of a decimal number without its marks, and whether it is a whole one as written."""
        mark, groups = (",", ". '_") if self.comma else (".", ", '_")
        start = self.at
        first = self.digits()
        text, whole = first, True
        if first and self.peek() in tuple(groups) and self.is_digit(1):
            separator = self.peek()
            parts = []
            place = self.at
            while self.peek() == separator and self.is_digit(1):
                self.at += 1
                parts.append(self.digits())
            sizes = [len(p) for p in parts]
            western = len(first) <= 3 and all(size == 3 for size in sizes)
            indian = separator == "," and len(first) <= 2 and sizes[-1] == 3 and all(size == 2 for size in sizes[:-1])
            if western or indian:
                text += "".join(parts)
            elif separator == " ":
                self.at = place  # two numbers, or a mixed one
            else:
                return None
        if self.peek() == mark and self.is_digit(1):
            self.at += 1
            text += "." + self.digits()
            whole = False
            if self.peek() in (mark, ",") and self.is_digit(1):
                return None
        if self.at == start:
            return None
        if not first:
            text = "0" + text
        if self.peek() in ("e", "E"):
            sign = self.peek(1) in ("+", "-")
            if self.is_digit(2 if sign else 1):
                exponent = ("-" if self.peek(1) == "-" else "")
                self.at += 2 if sign else 1
                digits = self.digits()
                if len(digits) > 3:
                    return None
                text += "e" + exponent + digits
                whole = False
        return text, whole

    def mixed(self):
        """The fraction after a whole number: its value, None where there is none, False where it is none to read."""
        start = self.at
        self.spaces()
        char = self.peek()
        if char in VULGAR:
            self.at += 1
            return VULGAR[char][0] / VULGAR[char][1]
        if char == FRACTION:
            found = self.fraction()
            return False if found is None or not 0 < found < 1 else found
        if self.at > start and self.is_digit():
            above = self.digits()
            if self.peek() == "/" and self.is_digit(1):
                self.at += 1
                below = self.digits()
                if int(below) > int(above) > 0 and self.peek() != "/":
                    return int(above) / int(below)
            return False
        self.at = start
        return None

    def fraction(self):
        self.at += 1
        parts = []
        for _ in range(2):
            self.spaces()
            if self.peek() == "{":
                self.at += 1
                self.spaces()
                negative = self.peek() == "-"
                self.at += 1 if negative else 0
                found = self.literal()
                self.spaces()
                if found is None or self.peek() != "}":
                    return None
                self.at += 1
                parts.append(-float(found[0]) if negative else float(found[0]))
            elif self.is_digit():
                parts.append(float(self.peek()))
                self.at += 1
            else:
                return None
        return parts[0] / parts[1] if parts[1] else None

    def power(self, text, value, integer):
        """A power after a number: `10^4`, `10⁴`, `3×10^4`."""
        exponent = self.exponent()
        if exponent is False:
            return None
        if exponent is not None:
            return self.raised(value, exponent)
        start = self.at
        self.spaces()
        if self.peek() in ("\u00d7", "x", "*", "\u00b7", "\u22c5"):
            self.at += 1
            self.spaces()
            if self.peek() == "1" and self.peek(1) == "0" and not self.is_digit(2):
                self.at += 2
                exponent = self.exponent()
                if exponent in (None, False) or "e" in text:
                    return None
                return (float(f"{text}e{exponent}"), None)
            return None
        self.at = start
        return (value, integer)

    def exponent(self):
        """A whole number as an exponent; None where there is none, False where it cannot be read."""
        char = self.peek()
        digits = ""
        if char in SUPERSCRIPTS:
            while self.peek() in SUPERSCRIPTS:
                digits += SUPERSCRIPTS[self.peek()]
                self.at += 1
        elif char == "^":
            self.at += 1
            braced = self.peek() in ("{", "(")
            self.at += 1 if braced else 0
            if self.peek() == "-":
                digits = "-"
                self.at += 1
            digits += self.digits()
            if braced:
                if self.peek() not in ("}", ")"):
                    return self.degrees()
                self.at += 1
            elif digits in ("", "-"):
                return self.degrees()
        else:
            return None
        body = digits.lstrip("-")
        if not body.isascii() or not body.isdigit() or len(body) > 3 or len(digits) - len(body) > 1:
            return False
        return int(digits)

    def degrees(self):
        """`^\\circ` is a unit."""
        if self.peek() == "\u00b0":
            self.at += 1
            if self.peek() == "}":
                self.at += 1
            return None
        return False

    def raised(self, base, exponent):
        if base != int(base) or abs(base) > 1000 or (base == 0 and exponent <= 0):
            return None
        if base == 10:
            return (float(f"1e{exponent}"), None)
        if exponent < 0 or exponent * len(str(int(base))) > 300:
            return None
        whole = int(base) ** exponent
        return (float(whole), str(whole) if whole < 10**15 else None)

    def han(self):
        start, total, section, digit, place = self.at, 0, 0, None, 0
        while self.peek():
            char = self.peek()
            if char in HAN_DIGITS:
                if digit is not None and digit != 0:
                    return None
                digit = HAN_DIGITS[char]
            elif char in HAN_UNITS:
                section += (1 if digit is None else digit) * HAN_UNITS[char]
                digit = None
            elif char in HAN_SCALES:
                total += (section + (digit or 0)) * HAN_SCALES[char]
                section, digit = 0, None
            else:
                break
            self.at += 1
        follows = self.peek()
        if follows and stands_alone(follows) and follows not in MEASURES:
            return None
        if self.at - start > 20:
            return None
        value = total + section + (digit or 0)
        return (float(value), str(value))

    def counted(self, value, integer):
        """The number with percent, scale and unit, unless what follows says another quantity."""
        percent, unit = False, []
        if self.peek() == "\u2030":
            return None
        if self.peek() == "!":
            return None
        while True:
            spaced = self.peek() in (" ", "\t")
            self.spaces()
            char = self.peek()
            if char in ("", "\n", ";", "\u3002", CLOSE, "]", "}", '"', "'"):
                break
            if char == "%":
                if percent or unit:
                    return None
                percent, value, integer = True, value / 100, None
                self.at += 1
            elif char == ")":
                self.at += 1
            elif char == ",":
                self.at += 1
                self.spaces()
                if self.is_digit() or self.peek() in ("-", FRACTION) or self.named(self.word() or "xxxx"):
                    return None
                break
            elif char == ".":
                if self.is_digit(1) or self.peek(1) == "." and self.is_digit(2):
                    return None
                break
            elif char == ":":
                self.at += 1
                self.spaces()
                if self.is_digit():
                    return None
                break
            elif char == "(":
                break
            elif char == "-":
                if not spaced or self.peek(1) != " ":
                    return None
                self.at += 1
                self.spaces()
                if self.is_digit() or not is_letter((self.peek() or ".")[0]):
                    return None
                break
            elif char in ("\u00b0", "$", "\u20ac", "\u00a3", "\u00a5"):
                unit.append(char)
                self.at += 1
            elif char == "^" and self.peek(1) == "\u00b0":
                unit.append("\u00b0")
                self.at += 2
            elif char == "^" and self.peek(1) == "{" and self.peek(2) == "\u00b0":
                unit.append("\u00b0")
                self.at += 4
            elif char in ("^",) and unit:
                if self.exponent() in (None, False):
                    return None
                unit.append("^")
            elif char in SUPERSCRIPTS:
                if not unit:
                    return None
                unit.append(char)
                self.at += 1
            elif char == "/" and unit:
                self.at += 1
                if self.is_digit():
                    return None
                unit.append("/")
            elif char == "~":
                self.at += 1
            elif is_letter(char) and not self.is_digit():
                word = self.word()
                if word in ("st", "nd", "rd", "th") and not unit and not spaced:
                    self.at += len(word)
                    continue
                if word in ("percent", "pct") or (word == "per" and self.follows_cent()):
                    percent, value, integer = True, value / 100, None
                    self.at += len(word)
                    if word == "per":
                        self.spaces()
                        self.at += 4
                    continue
                if not unit and word in SCALES:
                    value *= 10.0 ** SCALES[word]
                    if integer is not None:
                        integer = integer + "0" * SCALES[word] if integer != "0" else integer
                    self.at += len(word)
                    continue
                if word in UNREADABLE and not (spaced and word == "m") or char in VULGAR or (char in HAN_DIGITS and not unit):
                    return None
                if word in STOPS:
                    break
                if word == "e" and not spaced and not unit:
                    return None
                if len(unit) > 12:
                    return None
                unit.append(word)
                self.at += max(1, len(word))
            else:
                return None
        return Quantity(value, integer, percent, "".join(unit))

    def follows_cent(self):
        place = self.at + 3
        while place < self.end and self.chars[place] == " ":
            place += 1
        return "".join(self.chars[place : place + 4]).lower() == "cent"


class StatedNumber:
    """The number that a text states; `quantity` is None when it states none, or several."""

    def __init__(self, text, decimal=None):
        self.comma = decimal == "comma"
        self.chars = cleaned(text, keeping_braces=True)
        self.choice = Choice.__new__(Choice)
        self.choice.tokens = self.tokens = tokens_of(self.chars)
        self.choice.count = self.count = len(self.tokens)
        self.quantity = self._read()

    def _at(self, index):
        return self.tokens[index].at if index < self.count else len(self.chars)

    def _scan(self, start, end):
        """The quantity of a stretch; what follows the last sign of equality, where its clause has one."""
        first = NumberScan(self.chars, start, end, self.comma).quantity()
        if first is not None:
            return first
        place = end
        for at in range(start, end):
            if self.chars[at] in ("=", "\u2248"):
                place = at + 1
        if place < end:
            before = self.chars[start : place - 1]
            figures = any("0" <= c <= "9" for c in before)
            if "=" in before or "," in before or ";" in before or figures and any(self._variable(before, k) for k in range(len(before))):
                return None
            scan = NumberScan(self.chars, place, end, self.comma)
            found = scan.quantity()
            if any("0" <= c <= "9" for c in self.chars[scan.at : end]):
                return None
            other = NumberScan(self.chars, start, place - 1, self.comma).quantity()
            return None if found and other and found.value != other.value else found
        return None

    @staticmethod
    def _variable(chars, at):
        """Whether a single letter stands at `at`, as in `5x` and `x + 2`."""
        def letter(k):
            return 0 <= k < len(chars) and unicodedata.category(chars[k])[0] == "L" and not stands_alone(chars[k])
        return letter(at) and not letter(at - 1) and not letter(at + 1) and chars[at] not in "aI"

    def _line_end(self, start):
        """Of the line, or of as much of it as an answer may take."""
        at, limit = start, min(len(self.chars), start + LONGEST_ANSWER)
        while at < limit and self.chars[at] != "\n":
            at += 1
        return at

    def _read(self):
        take = self.choice._take
        current, stated, fresh, negated, at = None, False, True, False, 0
        supposed = skipped = False
        while at < self.count:
            token = self.tokens[at]
            if token.kind == "n" or token.text in ENDS:
                fresh, negated, supposed = True, False, False
                at += 1
                continue
            if take(SO, at) > at or token.low in ("but", "however", ","):
                negated = False
                supposed = supposed and token.text == ","
            if fresh and take(RETRACTIONS, at) > at and stated or (
                token.low == "no" and stated and at + 1 < self.count and self.tokens[at + 1].text in ",.!"
                and (at == 0 or self.tokens[at - 1].kind in "np")
            ):
                current = None
                at = max(take(RETRACTIONS, at), at + 1)
                continue
            if stated and (take(CORRECTIONS, at) > at or take(DOUBTS, at) > at):
                current = None
            if token.text == OPEN:
                close = at + 1
                while close < self.count and self.tokens[close].text not in (CLOSE, OPEN):
                    close += 1
                if close < self.count and self.tokens[close].text == CLOSE and self._at(close) - token.at <= LONGEST_ANSWER:
                    if self.choice._unmarked(at) or take(NEGATION_AFTER, close + 1) > close + 1:
                        skipped = True
                    else:
                        stated = True
                        current = self._scan(token.at + 1, self._at(close))
                at, fresh = close, False
                continue
            end = take(ANSWERS, at)
            if end > at:
                value = self._claimed(end)
                if value is not None:
                    begin, denied = value
                    others = self.choice._others(at) or stated and take(MINE, at - 2) > at - 2
                    if others or supposed or negated:
                        skipped = True
                    elif not denied:
                        stop = self._line_end(begin)
                        if any("0" <= c <= "9" or c in VULGAR or c in HAN_DIGITS or c == "\u221e" for c in self.chars[begin:stop]):
                            stated = True
                            current = None if self._bounded(end, stop) else self._scan(begin, stop)
                    elif denied and not stated:
                        stated = True
                at, fresh = end, False
                continue
            if take(SUPPOSED, at) > at:
                supposed, fresh = True, False
                at = take(SUPPOSED, at)
                continue
            if take(NEGATIONS, at) > at:
                negated = True
            fresh = fresh and token.kind == "p"
            at += 1
        return current if stated else None if skipped else self._bare()

    def _bounded(self, at, stop):
        """Whether words around the first number from `at` on make it a bound, deny it or suppose it."""
        take, left = self.choice._take, None
        while at < self.count and self.tokens[at].at < stop and left != 0:
            figure = any(is_figure(c) for c in self.tokens[at].text)
            point = self.tokens[at].text == "." and at + 1 < self.count and not self.tokens[at + 1].gap
            if left is not None and (self.tokens[at].text in ENDS and not point or take(DENIED_AFTER, at) > at):
                return take(DENIED_AFTER, at) > at
            if take(BOUNDED, at) > at:
                return True
            left = 5 if figure and left is None else left - 1 if left is not None else None
            at += 1
        return False

    def _claimed(self, end):
        """(the index of the character after an answer's link, whether it is denied), or None without a link."""
        take, linked, steps = self.choice._take, False, 0
        while end < self.count and steps < 12:
            steps += 1
            if take(NEGATIONS, end) > end:
                return (self._at(end), True)
            took = take(LINKS, end)
            if took > end and not (linked and self.tokens[end].text == "-"):
                linked, end = True, took
                continue
            if self.tokens[end].kind == "n":
                linked, end = True, end + 1
                continue
            took = take(FILLERS, end)
            if took > end:
                end = took
                continue
            if not linked and self.tokens[end].kind == "d":
                end += 1
                continue
            break
        return (self._at(end), False) if linked and end < self.count else None

    def _bare(self):
        """Without a word that says so: the number that the whole text is, or its last line, or the only one in it."""
        count = len(self.chars)
        start, end = 0, count
        while start < end and self.chars[start].isspace():
            start += 1
        while end > start and self.chars[end - 1].isspace():
            end -= 1
        lines, begun = [], start
        for at in range(start, end + 1):
            if at == end or self.chars[at] == "\n":
                if any(not c.isspace() for c in self.chars[begun:at]):
                    lines.append((begun, at))
                begun = at + 1
        if not lines:
            return None
        last = lines[-1]
        if last[1] - last[0] > LONGEST_ANSWER:
            return None
        bullet = len(lines) > 1 and self.chars[last[0]] == "-"
        words = [t for t in self.tokens if last[0] <= t.at < last[1]]
        numbers = [t for t in words if any(is_figure(c) for c in t.text)]
        if any(t.low in BOUNDS for t in words) or bullet or not numbers:
            return None
        doubtful = (BOUNDED, REFUSALS, CORRECTIONS, DENIED_AFTER)
        if any(self.choice._take(table, k) > k for k in range(self.count) for table in doubtful if table is REFUSALS or self.tokens[k].at >= last[0]):
            return None
        if self._asked(words):
            return None
        only = len(lines) == 1 or len([t for t in self.tokens if any(is_figure(c) for c in t.text)]) == len(numbers)
        plain = len(words) <= 4
        if only or plain:
            found = self._scan(*last)
            if found is None and any(c in "=\u2248" for c in self.chars[last[0] : last[1]]):
                return None
            if found is not None:
                return found if not self._goes_on(last) else None
        hints = [k for k, t in enumerate(self.tokens) if t.at >= last[0] and self.choice._is(k, NUMBER_HINTS)]
        if hints:
            place = self.choice._take(NUMBER_HINTS, hints[-1])
            return NumberScan(self.chars, self._at(place), last[1], self.comma).quantity()
        operators = any(t.text in "+*/^=<>-\u221a\u00d7\u00f7\u00b1" or t.text in (FRACTION, OTHER_COMMAND) for t in words)
        if only and len(numbers) == 1 and len(lines) == 1 and numbers[0].kind == "d" and not operators:
            return NumberScan(self.chars, numbers[0].at, last[1], self.comma).quantity()
        return None

    def _goes_on(self, line):
        """Whether the line is a numbered one: `1. Add`."""
        scan = NumberScan(self.chars, *line, self.comma)
        scan.quantity()
        rest = "".join(self.chars[scan.at : line[1]])
        return rest[:1] == "." and any(is_letter(c) for c in rest[:80])

    def _asked(self, words):
        return bool(words) and words[-1].text == "?"


def is_figure(char):
    return unicodedata.category(char)[0] == "N" and char not in "\u3007" or char in HAN_DIGITS or char in HAN_UNITS


def stated_number(text, decimal=None):
    """The number that a completion states, a Quantity, or None where it states none or several."""
    return StatedNumber(spoken(text), decimal).quantity
