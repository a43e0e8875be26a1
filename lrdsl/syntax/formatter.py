"""The formatter: a tree to its canonical text, which has the same tree.

One spelling of everything, and no parentheses that are not needed.
"""

from __future__ import annotations

import re

from lrdsl.syntax import tree
from lrdsl.syntax.limits import MAX_LENGTH
from lrdsl.syntax.tree import Node

WIDTH = 88

# Precedence, lowest first, as the rules of `lrdsl.lark` nest.
_BODY, _CHOICE, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGNED, _POWER, _ATOM = range(11)
_LEVELS = {
    "if": _CHOICE, "or": _OR, "and": _AND, "not": _NOT, "+": _SUM, "*": _PRODUCT,
    "//": _PRODUCT, "-": _SIGNED, "^": _POWER,
}  # fmt: skip


def format_program(program: tree.Program) -> str:
    """The canonical text, on one line."""
    return _within_limit(_body(program) + _where(program, ", "))


def format_lines(program: tree.Program) -> str:
    """The canonical text; of a long one, each part and each name after `where` on its line."""
    text = format_program(program)
    if len(text) <= WIDTH:
        return text
    body = _body(program)
    if isinstance(program.body, tree.Sequence):
        body = "\nthen ".join(_part(part) for part in program.body.parts)
    where = _where(program, ", ")
    if len(where) > WIDTH:
        where = _where(program, ",\n      ")
    return _within_limit(body + where.replace(" where", "\nwhere", 1))


def has_comment(text: str) -> bool:
    """Whether a text has a comment, which its tree has not."""
    return any(match[0] == "#" for match in re.finditer(r"\$\{(?:[^{}]|\{[^{}]*\})*\}|#", text))


def format_node(node: Node) -> str:
    """The canonical text of an expression inside a program."""
    return _text(node, _BODY)


def _within_limit(text: str) -> str:
    """A text without the spaces around its operators, where they make it too long to parse."""
    if len(text) <= MAX_LENGTH:
        return text
    return re.sub(r"(\$\{(?:[^{}]|\{[^{}]*\})*\})| ?([-+*/^<>=!,]+) ?", r"\1\2", text)


def _body(program: tree.Program) -> str:
    return _text(program.body, _BODY)


def _where(program: tree.Program, separator: str) -> str:
    pairs = (f"{each.name} = {_text(each.value, _BODY)}" for each in program.bindings)
    return f" where {separator.join(pairs)}" if program.bindings else ""


def _text(node: Node, level: int) -> str:
    """A node where the precedence `level` is needed: in parentheses if its own is lower."""
    match node:
        case tree.Number(text=text) | tree.Bad(text=text) | tree.Interpolation(text=text):
            return text
        case tree.Time(text=text, unit=unit):
            return text + unit
        case tree.Name(name=name):
            return name
        case tree.List(items=items):
            return f"[{', '.join(_text(item, _CHOICE) for item in items)}]"
        case tree.Sequence(parts=parts):
            return _grouped(" then ".join(map(_part, parts)), _BODY, level)
        case tree.Comparison():
            return _grouped(_comparison(node), _COMPARISON, level)
        case tree.Call(name=name) if name in _LEVELS:
            return _grouped(_operation(node), _LEVELS[name], level)
        case tree.Call(name=name, arguments=arguments):
            return f"{name}({', '.join(map(_argument, arguments))})"
    raise AssertionError(node)


def _grouped(text: str, own: int, level: int) -> str:
    return f"({text})" if own < level else text


def _part(part: tree.Part) -> str:
    body = _text(part.body, _CHOICE)
    return body if part.duration is None else f"{body} for {_text(part.duration, _CHOICE)}"


def _argument(argument: tree.Argument) -> str:
    value = _text(argument.value, _BODY)
    return value if argument.name is None else f"{argument.name}={value}"


def _comparison(node: tree.Comparison) -> str:
    operands = [_text(operand, _SUM) for operand in node.operands]
    rest = (f" {sign} {each}" for sign, each in zip(node.operators, operands[1:], strict=True))
    return operands[0] + "".join(rest)


def _operation(node: tree.Call) -> str:
    operands = node.operands
    match node.name:
        case "if":
            yes, test, no = operands
            return f"{_text(yes, _OR)} if {_text(test, _OR)} else {_text(no, _CHOICE)}"
        case "or":
            return " or ".join(_text(each, _AND) for each in operands)
        case "and":
            return " and ".join(_text(each, _NOT) for each in operands)
        case "not":
            return f"not {_text(operands[0], _NOT)}"
        case "+":
            return _chain(operands, "+", "-", _PRODUCT, _PRODUCT)
        case "*":
            # `a // b * c` needs no parentheses, `(a * b) * c` is another tree than `a * b * c`.
            inner = isinstance(operands[0], tree.Call) and operands[0].name == "//"
            return _chain(operands, "*", "/", _PRODUCT if inner else _SIGNED, _SIGNED)
        case "//":
            return f"{_text(operands[0], _PRODUCT)} // {_text(operands[1], _SIGNED)}"
        case "-":
            return f"-{_text(operands[0], _SIGNED)}"
    return f"{_text(operands[0], _ATOM)}^{_text(operands[1], _SIGNED)}"


def _chain(operands: tuple[Node, ...], sign: str, inverse: str, first: int, level: int) -> str:
    text = _text(operands[0], first)
    for operand in operands[1:]:
        if isinstance(operand, tree.Call) and operand.name == inverse:
            text += f" {inverse} {_text(operand.operands[0], level)}"
        else:
            text += f" {sign} {_text(operand, level)}"
    return text
