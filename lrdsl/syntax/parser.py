"""Text to tree, or to a `ScheduleError` that shows every unreadable place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from lrdsl.errors.diagnostics import Diagnostic, Label, ScheduleError, Span
from lrdsl.syntax import lalr, tree
from lrdsl.syntax.lalr import Token, Unexpected
from lrdsl.syntax.tree import Node

N = TypeVar("N", bound=Node)

MAX_LENGTH = 10_000
MAX_DEPTH = 64
MAX_NODES = 5_000
MAX_ITEMS = 1_000
MAX_NUMBER = 64


def parse(text: str, name: str = "schedule") -> tree.Program:
    """The tree of an expression; `name` is what an error calls the text."""
    program: tree.Program = _parse(text, "start", name)
    return program


def parse_definition(text: str, name: str) -> tree.Definition:
    """The tree of one definition of a library file."""
    definition: tree.Definition = _parse(text, "definition", name)
    return definition


def _parse(text: str, start: str, name: str) -> Any:
    if len(text) > MAX_LENGTH:
        span = Span(MAX_LENGTH, MAX_LENGTH + 1)
        message = f"the text has {len(text):,} characters; the limit is {MAX_LENGTH:,}"
        raise ScheduleError([Diagnostic("LRD910", message, span)], text[: MAX_LENGTH + 1], name)
    try:
        return lalr.parse(text, start, RULES)
    except Unexpected as error:
        raise ScheduleError([_explain(error, text)], text, name) from None
    except _TooLarge as error:
        raise ScheduleError([error.found], text, name) from None


class _TooLarge(Exception):
    def __init__(self, code: str, message: str, span: Span) -> None:
        super().__init__(message)
        self.found = Diagnostic(code, message, span)


def _make(
    cls: Callable[..., N], span: Span, below: Iterable[Node], *fields: Any, deeper: int = 1
) -> N:
    """A node above others, refused when it grows beyond the limits."""
    height, size = 0, 1
    for node in below:
        size += node.size
        if node.height > height:
            height = node.height
    height += deeper
    if height > MAX_DEPTH:
        raise _TooLarge("LRD911", f"nested more than {MAX_DEPTH} levels deep", span)
    if size > MAX_NODES:
        raise _TooLarge("LRD912", f"more than {MAX_NODES:,} parts of an expression", span)
    return cls(*fields, span=span, height=height, size=size)


def _leaf(cls: Callable[..., N], token: Token, *fields: Any) -> N:
    return cls(*fields, span=Span(token.start, token.end))


def _operation(name: str, span: Span, operands: Sequence[Node], name_span: Span) -> tree.Call:
    arguments = tuple(
        [tree.Argument(None, x, span=x.span, height=x.height, size=x.size) for x in operands]
    )
    return _make(tree.Call, span, arguments, name, arguments, name_span)


def _prefixed(operator: Token, operand: Node) -> tree.Call:
    span = Span(operator.start, operand.span.end)
    return _operation(operator.text, span, [operand], operator.span)


def _joined(name: str, operands: Sequence[Node], name_span: Span) -> tree.Call:
    span = Span(operands[0].span.start, operands[-1].span.end)
    return _operation(name, span, operands, name_span)


def _chain(name: str, inverse: str, children: Sequence[Any]) -> tree.Call:
    """`a - b + c` as one call: `+(a, -(b), c)`."""
    operands = [children[0]]
    for operator, operand in zip(children[1::2], children[2::2], strict=True):
        operands.append(_prefixed(operator, operand) if operator.text == inverse else operand)
    if len(operands) > MAX_ITEMS:
        span = operands[MAX_ITEMS].span
        raise _TooLarge("LRD913", f"more than {MAX_ITEMS:,} operands in a row", span)
    return _joined(name, operands, children[1].span)


def _part(each: Node) -> tree.Part:
    if isinstance(each, tree.Part):
        return each
    return _make(tree.Part, each.span, (each,), each, None, deeper=0)


class _Rules:
    """One method for each rule of `lrdsl.lark`; called while `lalr` parses, so nothing recurses."""

    def start(self, body: Node, *rest: Any) -> tree.Program:
        bindings = tuple([item for item in rest if isinstance(item, tree.Binding)])
        span = body.span | rest[-1].span if rest else body.span
        return _make(tree.Program, span, (body, *bindings), body, bindings, deeper=0)

    def binding(self, name: Token, equal: Token, value: Node) -> tree.Binding:
        span = Span(name.start, value.span.end)
        return _make(tree.Binding, span, (value,), name.text, value, name.span)

    def definition(self, name: Token, *rest: Any) -> tree.Definition:
        parameters = tuple([item for item in rest if isinstance(item, tree.Parameter)])
        body: Node = rest[-1]
        span, below = Span(name.start, body.span.end), (*parameters, body)
        return _make(tree.Definition, span, below, name.text, parameters, body, name.span)

    def parameter(self, name: Token, *rest: Any) -> tree.Parameter:
        colon = bool(rest) and isinstance(rest[0], Token) and rest[0].kind == "COLON"
        kind = rest[1].text if colon else "number"
        default = rest[-1] if rest and isinstance(rest[-1], Node) else None
        span = name.span | rest[-1].span if rest else name.span
        return _make(tree.Parameter, span, [default] if default else (), name.text, kind, default)

    def body(self, *children: Any) -> Node:
        first = children[0]
        if len(children) == 1 and not isinstance(first, tree.Part):
            body: Node = first
            return body
        parts = tuple([_part(each) for each in children[::2]])
        span = Span(first.span.start, parts[-1].span.end)
        return _make(tree.Sequence, span, parts, parts)

    def part(self, body: Node, for_: Token, duration: Node) -> tree.Part:
        span = Span(body.span.start, duration.span.end)
        return _make(tree.Part, span, (body, duration), body, duration, deeper=0)

    def choice(self, yes: Node, if_: Token, test: Node, else_: Token, no: Node) -> tree.Call:
        return _joined("if", [yes, test, no], if_.span)

    def either(self, *children: Any) -> tree.Call:
        return _joined("or", children[::2], children[1].span)

    def both(self, *children: Any) -> tree.Call:
        return _joined("and", children[::2], children[1].span)

    def negation(self, operator: Token, operand: Node) -> tree.Call:
        return _prefixed(operator, operand)

    def comparison(self, *children: Any) -> tree.Comparison:
        operators = tuple([token.text for token in children[1::2]])
        operands = children[::2]
        span = Span(operands[0].span.start, operands[-1].span.end)
        return _make(tree.Comparison, span, operands, operators, operands)

    def sum(self, *children: Any) -> tree.Call:
        return _chain("+", "-", children)

    def product(self, *children: Any) -> Any:
        pending: list[Any] = [children[0]]
        for operator, operand in zip(children[1::2], children[2::2], strict=True):
            if operator.text == "//":
                left = _chain("*", "/", pending) if len(pending) > 1 else pending[0]
                pending = [_joined("//", [left, operand], operator.span)]
            else:
                pending += [operator, operand]
        return _chain("*", "/", pending) if len(pending) > 1 else pending[0]

    def signed(self, operator: Token, operand: Node) -> Node:
        return operand if operator.text == "+" else _prefixed(operator, operand)

    def power(self, base: Node, operator: Token, exponent: Node) -> tree.Call:
        return _joined("^", [base, exponent], operator.span)

    def number(self, token: Token) -> Node:
        _, text, start, end = token
        cls = tree.Bad if _number_problem(text) else tree.Number
        return cls(text, span=Span(start, end))

    def time(self, token: Token) -> Node:
        spelled = token.text.rstrip(_UNIT_LETTERS)
        number, unit = spelled.rstrip(), token.text[len(spelled) :]
        if _number_problem(number):
            return _leaf(tree.Bad, token, token.text)
        return _leaf(tree.Time, token, number, tree.UNITS[unit])

    def name(self, token: Token) -> Node:
        _, text, start, end = token
        return tree.Name(text, span=Span(start, end))

    def interpolation(self, token: Token) -> Node:
        return _leaf(tree.Interpolation, token, token.text)

    def bad(self, token: Token) -> Node:
        return _leaf(tree.Bad, token, token.text)

    def call(self, name: Token, *rest: Any) -> Node:
        if name.kind != "NAME":
            return _leaf(tree.Bad, name, name.text)
        arguments = tuple([item for item in rest if isinstance(item, tree.Argument)])
        span = Span(name.start, rest[-1].end)
        return _make(tree.Call, span, arguments, name.text, arguments, name.span)

    def argument(self, *children: Any) -> tree.Argument:
        value: Node = children[-1]
        if len(children) == 1:
            return _make(tree.Argument, value.span, children, None, value, deeper=0)
        name: Token = children[0]
        span = Span(name.start, value.span.end)
        return _make(tree.Argument, span, (value,), name.text, value, deeper=0)

    def list(self, opening: Token, *rest: Any) -> Node:
        items = tuple([child for child in rest if isinstance(child, Node)])
        if len(items) > MAX_ITEMS:
            message = f"a list of {len(items):,} items; the limit is {MAX_ITEMS:,}"
            raise _TooLarge("LRD914", message, items[MAX_ITEMS].span)
        return _make(tree.List, Span(opening.start, rest[-1].end), items, items)

    def group(self, opening: Token, body: Node, closing: Token) -> Node:
        """Parentheses leave no node, but they nest."""
        if body.height >= MAX_DEPTH:
            raise _TooLarge("LRD911", f"nested more than {MAX_DEPTH} levels deep", opening.span)
        return replace(body, height=body.height + 1, span=Span(opening.start, closing.end))


RULES: dict[str, Callable[..., Any]] = {
    name: getattr(_Rules(), name) for name in vars(_Rules) if not name.startswith("_")
}
_UNIT_LETTERS = "".join(tree.UNITS)


def _number_problem(text: str) -> str | None:
    """Why a well-formed literal is refused; checked before any big integer is made."""
    if len(text) > MAX_NUMBER:
        return f"a number of {len(text)} characters; the limit is {MAX_NUMBER}"
    value = float(text)
    if value == math.inf:
        return f"`{text}` is larger than any float64"
    if value == 0 and text.lower().partition("e")[0].strip("0._"):
        return f"`{text}` is too small: float64 would make it 0"
    return None


# What people type out of habit, and what it is called here.
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
        problem = _number_problem(match[1]) if _is_float(match[1]) else None
        if problem:
            return Diagnostic("LRD004", problem, node.span)
    help_ = None
    if match and match[2] not in ("", "e", "E", "f") and _is_float(match[1]):
        units = "units are `ep`, `st`, `%`, `tok` and `sa`"
        help_ = f"{units}; write a product as `{match[1]} * {match[2]}`"
    return Diagnostic("LRD004", f"`{node.text}` is not a number", node.span, help=help_)


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# Cyrillic and Greek letters that look like Latin ones, where their names do not say so.
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


def _explain(error: Unexpected, text: str) -> Diagnostic:
    """An unexpected token as a sentence; a word before it that means nothing comes first."""
    token = error.token
    for earlier in lalr.tokens(text):
        if earlier.kind.startswith("BAD"):
            return describe_bad(tree.Bad(earlier.text, span=earlier.span))
        if earlier.start == token.start:
            break
    if token.kind == lalr.END:
        return _ended(text)
    span = token.span
    if token.kind in ("RPAR", "RSQB") and not _open_brackets(text[: span.start]):
        return Diagnostic("LRD002", f"`{token.text}` closes nothing", span, help="remove it")
    operand = "NUMBER" in error.expected
    wanted = "a number, a name or `(`" if operand else "an operator"
    before, after = text[: span.start], text[span.start :]
    help_ = _token_help(token.kind, operand, before, after)
    if not operand and _lacks_else(before) and token.kind != "EQUAL":
        wanted, help_ = "`else`", _ELSE
    return Diagnostic("LRD001", f"unexpected `{token.text}`; expected {wanted}", span, help=help_)


_UNITS = "times have the units `ep`, `st`, `%`, `tok` and `sa`"


def _token_help(kind: str, operand: bool, before: str, after: str) -> str | None:
    """What to type instead of a token, from the text on both of its sides."""
    for typed, meant in (("=>", ">="), ("=<", "<="), ("<>", "!=")):
        if after.startswith(typed) or (before[-1:] + after).startswith(typed):
            return f"write `{meant}`"
    match kind:
        case "EQUAL":
            return "`==` compares; only what is right of `=` is the schedule; names come in `where`"
        case "COMMA":
            if re.search(r"[0-9]\Z", before) and re.match(r",[0-9]", after):
                return "the decimal point is `.`"
            return "commas separate arguments and items of lists, which are written `[30, 60]`"
        case "IF" | "ELSE" if operand:
            return "write a choice as `a if c else b if d else e`"
        case "THEN" | "FOR" | "WHERE" | "AND" | "OR" | "NOT" if operand:
            return f"`{kind.lower()}` is a reserved word; a choice is written `a if c else b`"
        case "NUMBER" | "NAME" | "TIME" | "LPAR" if not operand:
            return _missing(kind, before)
        case "LSQB" if not operand:
            return "a list stands only as an argument: `pick([1, 2], 0)`"
    return None


def _missing(kind: str, before: str) -> str:
    """What may be missing between two operands."""
    last = re.search(r"([A-Za-z_][A-Za-z0-9_]*|[0-9.]+|%|.)\s*\Z", before, re.DOTALL)
    word = last[1] if last else ""
    if word == "%":
        return "the remainder is `mod(a, b)`"
    if word.isidentifier() and word in _NO_OPERAND:
        return "write the expression alone: `0.1 * 0.5^epoch`"
    if word.isidentifier() and kind != "LPAR":
        return f"a call has brackets, `{word}(...)`, and a product is written with `*`"
    comma = ", and arguments are separated by commas" if _open_brackets(before) else ""
    units = f"; {_UNITS}" if kind == "NAME" and word[:1].isdigit() else ""
    return f"a product is written with `*`{comma}{units}"


_NO_OPERAND = ("lambda", "return", "def")
_ELSE = "a choice names both values: `a if c else b`"


def _lacks_else(text: str) -> bool:
    words = re.findall(r"\b(?:if|else)\b", text)
    return words.count("if") > words.count("else")


def _open_brackets(text: str) -> list[int]:
    """Offsets of the brackets of `text` that are still open at its end."""
    opened: list[int] = []
    for match in re.finditer(r"#[^\n]*|[()\[\]]", text):
        if match[0] in "([":
            opened.append(match.start())
        elif match[0] in ")]" and opened:
            opened.pop()
    return opened


def _ended(text: str) -> Diagnostic:
    end = len(re.sub(r"(?:\s|#[^\n]*\n?)+\Z", "", text))
    span = Span(end, end + 1)
    if not text[:end].strip():
        return Diagnostic("LRD002", "the schedule is empty", Span(0, max(len(text), 1)))
    opened = _open_brackets(text[:end])
    if not opened:
        help_ = _ELSE if _lacks_else(text) else None
        return Diagnostic("LRD002", "the schedule ends too early", span, help=help_)
    bracket = text[opened[-1]]
    message = f"the schedule ends too early; `{bracket}` is never closed"
    label = Label(Span(opened[-1], opened[-1] + 1), "opened here")
    return Diagnostic("LRD002", message, span, labels=(label,))
