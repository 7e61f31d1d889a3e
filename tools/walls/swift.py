"""Reads what Swift files declare and which types they name, without a compiler.

Comments, the text of strings and regular expressions are left out, the code in interpolations is not. Where an inner
type or a generic parameter has the name of a type of the file's top level, the inner one is meant.
"""
import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|//[^\n]*)
      |(?P<newline>\n)
      |(?P<comment>/\*)
      |(?P<string>\#*\"\"\"|\#*\")
      |(?P<regex>\#+/)
      |(?P<word>`?[^\W\d]\w*`?|\$\w+)
      |(?P<number>\d\w*(?:\.\d\w*)?)
      |(?P<sign>->|.)""",
    re.X,
)
MODIFIERS = set(
    "package public private fileprivate internal open final indirect static class nonisolated isolated override mutating "
    "nonmutating convenience required dynamic lazy weak unowned borrowing consuming distributed prefix infix postfix".split()
)
ACCESS = ["private", "fileprivate", "internal", "package", "public", "open"]
TYPES = {"struct", "class", "enum", "actor", "protocol", "typealias", "associatedtype"}
DECLARATIONS = TYPES | {"extension", "func", "init", "var", "let", "case", "subscript"}
BEFORE_AN_IMPORT = {"", "\n", "testable", "preconcurrency", *ACCESS}
BEFORE_A_REGEX = set("( , = : [ { ; ! & | ?".split()) | {"return", "in", "case", "where", "if", "try", "newline"}


@dataclass
class Token:
    kind: str
    text: str
    line: int


def tokens(text):
    """Words, signs and line breaks, the code of interpolations among them."""
    found = []
    _scan(text, 0, 1, found, None)
    return found


def _scan(text, at, line, found, closing):
    """Reads on to the end, or past the parenthesis that closes an interpolation; returns place and line."""
    depth = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        kind, part = match.lastgroup, match.group()
        if kind == "space":
            at = match.end()
        elif kind == "newline":
            found.append(Token("newline", "\n", line))
            line, at = line + 1, match.end()
        elif kind == "comment":
            end = _comment(text, at)
            line, at = line + text.count("\n", at, end), end
        elif kind == "string":
            found.append(Token("literal", "", line))
            at, line = _string(text, match.end(), line, found, part)
        elif kind == "regex" or part == "/" and _begins_regex(text, at, found):
            found.append(Token("literal", "", line))
            end = text.index("/" + part[:-1], match.end()) if kind == "regex" else _regex_end(text, at)
            line, at = line + text.count("\n", at, end), end + len(part)
        else:
            if part == "(":
                depth += 1
            elif part == ")":
                if closing and depth == 0:
                    return match.end(), line
                depth -= 1
            found.append(Token("word" if kind == "word" else kind, part.strip("`"), line))
            at = match.end()
    return at, line


def _comment(text, at):
    """The end of a comment, which may hold others."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return at + mark.end()
    return len(text)


def _string(text, at, line, found, opening):
    pounds = opening.count("#")
    quote = opening[pounds:]
    stop = re.compile(re.escape(quote + "#" * pounds) + "|" + re.escape("\\" + "#" * pounds) + r"(.)|\n", re.S)
    while True:
        mark = stop.search(text, at)
        if mark is None:
            return len(text), line
        at = mark.end()
        if mark.group() == "\n" or mark.group(1) == "\n":
            line += 1
        elif mark.group(1) == "(":
            at, line = _scan(text, at, line, found, ")")
        elif mark.group(1) is None:
            return at, line


def _begins_regex(text, at, found):
    before = found[-1] if found else Token("newline", "\n", 0)
    opens = before.kind == "newline" or before.text in BEFORE_A_REGEX
    return opens and text[at + 1 : at + 2] not in (" ", "\t", "\n", "") and _regex_end(text, at) is not None


def _regex_end(text, at):
    match = re.compile(r"/(?:\\.|[^\\/\n])+(?=/)").match(text, at)
    return match.end() if match else None


@dataclass
class Declaration:
    name: str
    kind: str
    access: str
    line: int
    # The types that its signature names: they must be as visible as it is.
    signature: set = field(default_factory=set)
    # The path of the types that it stands in, "" at the top level.
    inside: str = ""


@dataclass
class Use:
    name: str
    line: int
    # The paths of the types around it, and the generic parameters that hold there.
    scopes: tuple
    generics: frozenset
    module: str = ""


@dataclass
class Source:
    path: str
    target: str
    folder: str
    imports: list = field(default_factory=list)
    declarations: list = field(default_factory=list)
    uses: list = field(default_factory=list)
    words: set = field(default_factory=set)


def read(path, target, folder, text, modules):
    """`modules` are the names of the targets, which may stand before a type's."""
    source = Source(path, target, folder)
    _Reader(source, tokens(text), modules).read()
    return source


@dataclass
class _Scope:
    path: str
    kind: str
    access: str
    generics: frozenset


class _Reader:
    def __init__(self, source, found, modules):
        self.source, self.tokens, self.modules = source, found, modules
        self.scopes = []
        self.pending = None
        self.parens = 0

    def read(self):
        for at, token in enumerate(self.tokens):
            if token.kind == "word":
                self.word(at, token)
            elif token.text == "{":
                around = self.scopes[-1] if self.scopes else _Scope("", "file", "internal", frozenset())
                self.scopes.append(self.pending or _Scope(around.path, "block", "private", around.generics))
                self.pending = None
            elif token.text == "}":
                if self.scopes:
                    self.scopes.pop()
                self.pending = None

    def word(self, at, token):
        before = self.text(at - 1)
        self.source.words.add(token.text)
        if token.text == "import" and not self.scopes and before in BEFORE_AN_IMPORT:
            # As in `import struct Foundation.Data`.
            name = self.text(at + 2) if self.text(at + 1) in DECLARATIONS else self.text(at + 1)
            self.source.imports.append((name, token.line, self.is_testable(at)))
        elif token.text in DECLARATIONS and before != "." and self.declares(at):
            self.declare(at, token)
        elif token.text[:1].isupper() and before not in TYPES:
            module = self.text(at - 2) if before == "." and self.text(at - 2) in self.modules else ""
            if before != "." or module:
                self.use(token, module)

    def text(self, at):
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def is_testable(self, at):
        line = self.tokens[at].line
        return any(token.text == "testable" and token.line == line for token in self.tokens[max(0, at - 4) : at])

    def declares(self, at):
        """Whether the word begins a declaration, and is no label, member or part of an expression."""
        word, after = self.text(at), self.text(at + 1)
        if word == "class" and after in ("func", "var", "subscript", "{", ",", "\n"):
            return False
        if word in ("init", "subscript"):
            return after in ("(", "<", "?", "!")
        if word == "case":
            return bool(self.scopes) and self.scopes[-1].kind == "enum"
        return self.tokens[at + 1].kind == "word" if at + 1 < len(self.tokens) else False

    def declare(self, at, token):
        name = token.text if token.text in ("init", "subscript") else self.text(at + 1)
        if token.text == "extension":
            name = self.dotted(at + 1)
        around = self.scopes[-1] if self.scopes else None
        access = self.access(at, around)
        generics = around.generics if around else frozenset()
        generics |= self.generic_parameters(at + (1 if token.text in ("init", "subscript") else 2))
        path = around.path if around else ""
        opens = token.text == "extension" or token.text in TYPES
        inner = f"{path}.{name}".strip(".") if opens else path
        is_local = around is not None and around.kind in ("func", "init", "subscript", "block")
        if token.text != "extension" and not is_local:
            self.source.declarations.append(
                Declaration(name, token.text, access, token.line, self.signature(at), path))
        if token.text not in ("typealias", "associatedtype", "case", "var", "let"):
            kept = access if opens else "private"
            self.pending = _Scope(inner, token.text, kept, generics)

    def dotted(self, at):
        name = self.text(at)
        while self.text(at + 1) == ".":
            name, at = f"{name}.{self.text(at + 2)}", at + 2
        first, _, rest = name.partition(".")
        return rest if first in self.modules and rest else name

    def access(self, at, around):
        """Written before it, else that of an extension, a protocol or an enum's cases around it, else internal."""
        keyword = self.text(at)
        at -= 1
        while self.text(at) in MODIFIERS | {"(", ")", "set", "unsafe"}:
            if self.text(at) in ACCESS and self.text(at + 1) != "(":
                return self.text(at)
            at -= 1
        inherits = around and (around.kind in ("extension", "protocol") or keyword == "case")
        return around.access if inherits else "internal"

    def generic_parameters(self, at):
        if self.text(at) != "<":
            return frozenset()
        names, depth = set(), 0
        while at < len(self.tokens):
            word = self.text(at)
            if word == "<":
                depth += 1
            if word == ">":
                depth -= 1
                if depth == 0:
                    break
            elif depth == 1 and word in ("<", ","):
                follows = self.text(at + 1)
                names.add(self.text(at + 2) if follows in ("each", "let") else follows)
            at += 1
        return frozenset(names)

    def signature(self, at):
        """The types named from here to the body, or to the end of the statement."""
        names, depth = set(), 0
        for index in range(at + (1 if self.text(at) in ("init", "subscript") else 2), len(self.tokens)):
            token = self.tokens[index]
            if token.text in ("(", "["):
                depth += 1
            elif token.text in (")", "]"):
                depth -= 1
            if depth < 0 or depth == 0 and token.text in set("{};"):
                break
            if token.kind == "newline" and depth == 0:
                if self.next_word(index) not in ("->", "where", "throws", "async", "=", ":", ",", "&"):
                    break
            elif token.kind == "word" and token.text[0].isupper() and self.text(index - 1) != ".":
                names.add(token.text)
        return names

    def next_word(self, at):
        while self.text(at) == "\n":
            at += 1
        return self.text(at)

    def use(self, token, module):
        scopes = tuple(scope.path for scope in self.scopes if scope.path)
        generics = self.scopes[-1].generics if self.scopes else frozenset()
        if self.pending:
            scopes += (self.pending.path,) if self.pending.path else ()
            generics |= self.pending.generics
        self.source.uses.append(Use(token.text, token.line, scopes, generics, module))
