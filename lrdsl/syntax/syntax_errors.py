"""Syntax errors: an unexpected token, or a word that means nothing, to a diagnostic."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

from lrdsl.errors.diagnostics import Diagnostic, Label, Span
from lrdsl.syntax import tree
from lrdsl.syntax.limits import number_problem
from lrdsl.syntax.units import LISTED

if TYPE_CHECKING:
    from lark import Token

# Signs of other languages, keyboards and word processors, and what to write instead.
_HABITS = {
    "%": "the remainder is `mod(a, b)`; a percentage touches its number: `5%`",
    "?": "write a choice as `a if c else b`",
    ":": "write a choice as `a if c else b`",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or `!=` between two values",
    "{": "group with parentheses",
    "}": "group with parentheses",
    ";": "one text is one schedule; parts follow each other with `then`",
    "\\": "a line may break anywhere, without a backslash",
    '"': "a schedule has no strings; remove the quotes",
    "'": "a schedule has no strings; remove the quotes",
    "\u00d7": "write `*`", "\u00b7": "write `*`", "\u00f7": "write `/`",
    "\u2212": "write `-`", "\u2013": "write `-`", "\u00a0": "write an ordinary space",
    "\u201c": "a schedule has no strings; remove the quotes",
    "\u201d": "a schedule has no strings; remove the quotes",
    "\u2018": "a schedule has no strings; remove the quotes",
    "\u2019": "a schedule has no strings; remove the quotes", "\u03c0": "write `pi`",
    "\u2264": "write `<=`", "\u2265": "write `>=`", "\u2260": "write `!=`",
}  # fmt: skip


def describe_bad(node: tree.Bad) -> Diagnostic:
    """The diagnostic of a word that means nothing."""
    text, first = node.text, node.text[0]
    if first.isascii() and (first.isdigit() or first == "."):
        return _describe_number(node)
    if text.isascii() or text in _HABITS:
        shown = text if text.isprintable() else f"U+{ord(text):04X}"
        return Diagnostic("LRD001", f"unexpected `{shown}`", node.span, help=_HABITS.get(text))
    return _describe_foreign(node)


def _describe_number(node: tree.Bad) -> Diagnostic:
    match = re.fullmatch(r"([0-9._]*(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z%]*)", node.text)
    if match and re.search("[0-9]", match[1]) and match[1].count(".") < 2:
        problem = number_problem(match[1]) if _is_float(match[1]) else None
        if problem:
            return Diagnostic("LRD004", problem, node.span)
    help_ = None
    if match and match[2] not in ("", "e", "E", "f") and _is_float(match[1]):
        help_ = f"units are {LISTED}; write a product as `{match[1]} * {match[2]}`"
    return Diagnostic("LRD004", f"`{node.text}` is not a number", node.span, help=help_)


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# Cyrillic and Greek letters that look like Latin ones, but whose Unicode names do not end in one.
_LOOKALIKES = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u043a\u0410\u0412\u0415\u041a\u041c"
        "\u041d\u041e\u0420\u0421\u0422\u0425\u03b1\u03bf\u03c1\u03bd\u0391\u0392\u0395\u0396\u0397\u0399\u039a"
        "\u039c\u039d\u039f\u03a1\u03a4\u03a7",
        "aeopcyxijskABEKMHOPCTXaopvABEZHIKMNOPTX",
        strict=True,
    )
)


def _describe_foreign(node: tree.Bad) -> Diagnostic:
    import unicodedata

    char = next(c for c in node.text if not c.isascii())
    code = f"U+{ord(char):04X}"
    plain = _LOOKALIKES.get(char) or unicodedata.normalize("NFKD", char)[:1]
    if not plain.isascii():
        last = unicodedata.name(char, "").rpartition(" ")[2]
        plain = last.lower() if len(last) == 1 else ""
    if plain.strip():
        message = f"`{char}` ({code}) looks like `{plain}` but is another character"
        fixed = node.text.replace(char, plain)
        return Diagnostic("LRD003", message, node.span, help=f"write `{fixed}`")
    message = f"`{char}` ({code}) is not part of the language, which is ASCII"
    return Diagnostic("LRD003", message, node.span)


def describe_unexpected(
    token: Token, expected: Container[str], words: Iterable[Token], text: str
) -> Diagnostic:
    """The diagnostic of a token that cannot stand where it does, or of a bad word before it.

    `expected` are the kinds of token that could stand there, `words` the tokens of the text.
    """
    ended = token.type == "$END"
    before: list[Token] = []
    for word in words:
        if word.type.startswith("BAD"):
            return describe_bad(tree.Bad(word.value, span=_span(word)))
        if word.start_pos == token.start_pos and not ended:
            break
        before.append(word)
    return _unfinished(before, text) if ended else _unexpected(token, expected, before, text)


def _unfinished(before: list[Token], text: str) -> Diagnostic:
    if not before:
        return Diagnostic("LRD002", "the schedule is empty", Span(0, max(len(text), 1)))
    end = _span(before[-1]).end
    span, message = Span(end, end + 1), "the schedule ends too early"
    opened = _open_brackets(before)
    if not opened:
        return Diagnostic("LRD002", message, span, help=_ELSE if _lacks_else(before) else None)
    label = Label(_span(opened[-1]), "opened here")
    message += f"; `{opened[-1]}` is never closed"
    return Diagnostic("LRD002", message, span, labels=(label,))


# What is expected, by the first kind of token here that could stand in the place; an operator
# where none could: an expression before it may go on.
_EXPECTED = {
    "NUMBER": "a number, a name or `(`",
    "PLUS": "an operator",
    "NAME": "a name",
    "COLON": "`,` or `)`",
    "EQUAL": "`=`",
}


def _unexpected(
    token: Token, expected: Container[str], before: list[Token], text: str
) -> Diagnostic:
    span = _span(token)
    if token.type in ("RPAR", "RSQB") and not _open_brackets(before):
        return Diagnostic("LRD002", f"`{token}` closes nothing", span, help="remove it")
    first = next((kind for kind in _EXPECTED if kind in expected), "PLUS")
    wanted, after_operand = _EXPECTED[first], first == "PLUS"
    help_ = _help(token, after_operand, before, text)
    if after_operand and _lacks_else(before) and token.type != "EQUAL":
        wanted, help_ = "`else`", _ELSE
    return Diagnostic("LRD001", f"unexpected `{token}`; expected {wanted}", span, help=help_)


def _help(token: Token, after_operand: bool, before: list[Token], text: str) -> str | None:
    """What to type instead of a token."""
    start = _span(token).start
    last = max(start - 1, 0)
    for typed, meant in (("=>", ">="), ("=<", "<="), ("<>", "!=")):
        if text.startswith(typed, start) or text.startswith(typed, last):
            return f"write `{meant}`"
    match token.type:
        case "EQUAL":
            return "`==` compares; only what is right of `=` is the schedule; names come in `where`"
        case "COMMA":
            if re.match(r"[0-9],[0-9]", text[last : start + 2]):
                return "the decimal point is `.`"
            return "commas separate arguments and items of lists, which are written `[30, 60]`"
        case "IF" | "ELSE" if not after_operand:
            return "write a choice as `a if c else b if d else e`"
        case "THEN" | "FOR" | "WHERE" | "AND" | "OR" | "NOT" if not after_operand:
            return f"`{token}` is a reserved word; a choice is written `a if c else b`"
        case "NUMBER" | "NAME" | "TIME" | "LPAR" if after_operand:
            return _missing(token, before)
        case "LSQB" if after_operand:
            return "a list stands only as an argument: `pick([1, 2], 0)`"
    return None


def _missing(token: Token, before: list[Token]) -> str:
    """What is probably missing between the last token before and this one."""
    last = before[-1]
    if last.endswith("%"):
        return "the remainder is `mod(a, b)`"
    if last in ("lambda", "return", "def"):
        return "write the expression alone: `0.1 * 0.5^epoch`"
    if last.type == "NAME" and token.type != "LPAR":
        return f"a call has brackets, `{last}(...)`, and a product is written with `*`"
    comma = ", and arguments are separated by commas" if _open_brackets(before) else ""
    is_unit = token.type == "NAME" and last.type == "NUMBER"
    units = f"; times have the units {LISTED}" if is_unit else ""
    return f"a product is written with `*`{comma}{units}"


_ELSE = "a choice names both values: `a if c else b`"


def _lacks_else(words: list[Token]) -> bool:
    kinds = [word.type for word in words]
    return kinds.count("IF") > kinds.count("ELSE")


def _open_brackets(words: list[Token]) -> list[Token]:
    """The brackets that are still open behind these words."""
    opened: list[Token] = []
    for word in words:
        if word.type in ("LPAR", "LSQB"):
            opened.append(word)
        elif word.type in ("RPAR", "RSQB") and opened:
            opened.pop()
    return opened


def _span(token: Token) -> Span:
    assert token.start_pos is not None and token.end_pos is not None
    return Span(token.start_pos, token.end_pos)
