"""The grammar of `--where`: text to a tree, with the position of every word.

    expression = term { "or" term }
    term       = factor { "and" factor }
    factor     = "not" factor | "(" expression ")" | test
    test       = column [ comparison value | ["not"] "in" "(" value { "," value } ")"
                        | "is" ["not"] "null" | ["not"] "has" value ]
    comparison = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
    value      = number [ "%" | "x" | "k" | "m" | "bn" ] | word | 'text' | "text"

Nothing here knows which columns exist; `pipeline.query.filters` does. Users read of it in
docs/how-to/find-structures.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

from pipeline.inputs.errors import InputError, InputErrors, shown

SOURCE: Final = "--where"
MAX_CHARACTERS: Final = 20_000
MAX_DEPTH: Final = 50

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[-+]?(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?:%|(?:bn|[kmx])(?!\w))?(?!\w))
    | (?P<word>[^\W\d][\w£]*)
    | (?P<quoted>'[^']*'|"[^"]*")
    | (?P<sign>==|!=|<>|<=|>=|[=<>(),])
    )""",
    re.VERBOSE,
)
_KEYWORDS: Final = frozenset({"and", "or", "not", "in", "is", "null", "has"})
_SUFFIX = re.compile(r"(?:%|bn|[kmx])$")

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "has", "is null", "is true"]
_COMPARISONS: Final[dict[str, Operator]] = {
    "=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A word of the expression. `position` counts characters from 1."""

    kind: Literal["number", "word", "quoted", "sign", "end"]
    text: str
    position: int

    @property
    def keyword(self) -> str | None:
        """The keyword it is, in small letters, or None."""
        folded = self.text.casefold()
        return folded if self.kind == "word" and folded in _KEYWORDS else None

    @property
    def content(self) -> str:
        """The text without its quotation marks."""
        return self.text[1:-1] if self.kind == "quoted" else self.text

    @property
    def figure(self) -> tuple[float, str]:
        """The number and the suffix after it."""
        suffix = _SUFFIX.search(self.text)
        end = suffix.start() if suffix else len(self.text)
        return float(self.text[:end]), self.text[end:]


@dataclass(frozen=True)
class Test:
    """One column tested. `values` are empty for `is null` and for a bare switch (`is true`)."""

    column: Token
    operator: Operator
    values: tuple[Token, ...] = ()


@dataclass(frozen=True)
class Not:
    """What is inside does not hold."""

    inside: Node


@dataclass(frozen=True)
class Group:
    """All (`and`) or any (`or`) of two or more parts."""

    word: Literal["and", "or"]
    parts: tuple[Node, ...]


Node = Test | Not | Group


def parse(text: str) -> Node:
    """The tree of an expression. Raises InputErrors with the place of the first mistake."""
    if len(text) > MAX_CHARACTERS:
        raise InputErrors(
            [
                InputError(
                    SOURCE,
                    "",
                    "",
                    f"is longer than {MAX_CHARACTERS:,} characters; nothing was read",
                )
            ]
        )
    return _Parser(_tokens(text)).whole()


def problem(token: Token, message: str, allowed: str = "") -> InputError:
    """What is wrong at a word."""
    given = "" if token.kind == "end" else shown(token.text)
    return InputError(SOURCE, f"position {token.position}", given, message, allowed)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise InputErrors([_unreadable(text, start)])
        kind = match.lastgroup or ""
        tokens.append(Token(kind, match[kind], match.start(kind) + 1))  # type: ignore[arg-type]
        place = match.end()
    tokens.append(Token("end", "", end + 1))
    return tokens


def _unreadable(text: str, start: int) -> InputError:
    piece = text[start:].split(maxsplit=1)[0]
    token = Token("word", piece, start + 1)
    if piece[0] in "'\"":
        return problem(token, "the quotation mark is not closed")
    if piece[0].isdigit() or piece[0] in "+-.":
        return problem(
            token,
            "is not a number; text that starts with a digit stands in quotation marks",
            "1.35, 1.35x, 95%, 30_000_000, 30m, 1.2bn, 500k",
        )
    return problem(Token("word", piece[0], start + 1), "does not belong in an expression")


class _Parser:
    """Recursive descent over the tokens; `_depth` bounds it."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def whole(self) -> Node:
        tree = self._any()
        token = self._now
        if token.kind != "end":
            hint = "and, or, the end"
            if token.text == ",":
                hint += "; thousands are written 30_000_000 or 30m, without commas"
            self._fail("does not follow here", hint)
        return tree

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._now
        self._place += 1
        return token

    def _took(self, keyword: str) -> bool:
        if self._now.keyword == keyword or (self._now.kind, self._now.text) == ("sign", keyword):
            self._place += 1
            return True
        return False

    def _fail(self, message: str, allowed: str) -> NoReturn:
        token = self._now
        if token.kind == "end":
            message = "the expression ends too soon"
        raise InputErrors([problem(token, message, allowed)])

    def _any(self) -> Node:
        parts = [self._all()]
        while self._took("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Group("or", tuple(parts))

    def _all(self) -> Node:
        parts = [self._factor()]
        while self._took("and"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else Group("and", tuple(parts))

    def _factor(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"is nested more than {MAX_DEPTH} deep", "fewer brackets")
        if self._took("not"):
            node: Node = Not(self._factor())
        elif self._took("("):
            node = self._any()
            if not self._took(")"):
                self._fail("does not follow here", "and, or, )")
        else:
            node = self._test()
        self._depth -= 1
        return node

    def _test(self) -> Node:
        column = self._now
        if column.kind != "word" or column.keyword:
            self._fail("a test starts with the name of a column", "a column, not, (")
        self._place += 1
        operator = _COMPARISONS.get(self._now.text) if self._now.kind == "sign" else None
        if operator is not None:
            self._place += 1
            return Test(column, operator, (self._value(),))
        if self._took("is"):
            negated = self._took("not")
            if not self._took("null"):
                self._fail("does not follow `is`", "null, not null")
            test: Node = Test(column, "is null")
            return Not(test) if negated else test
        negated = self._took("not")
        if self._took("in"):
            test = Test(column, "in", self._list())
        elif self._took("has"):
            test = Test(column, "has", (self._value(),))
        elif negated:
            self._fail("does not follow `not` here", "in, has")
        else:
            test = Test(column, "is true")
        return Not(test) if negated else test

    def _list(self) -> tuple[Token, ...]:
        if not self._took("("):
            self._fail("does not follow `in`", "( and values with commas between them )")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        if not self._took(")"):
            self._fail("does not follow a value of a list", "a comma, )")
        return tuple(values)

    def _value(self) -> Token:
        token = self._now
        if token.kind not in ("number", "word", "quoted") or token.keyword:
            self._fail("is not a value", "a number, a word, text in quotation marks")
        return self._next()
