"""What YAML makes of a scalar where a schedule belongs, and how to say that it is none."""

from __future__ import annotations

from typing import Any

import yaml

from lrdsl.errors.diagnostics import Diagnostic, Span

QUOTE = "put the whole expression in single quotes"

# What reading a hostile file may raise; PyYAML lets some of Python's own errors through.
UNREADABLE = (yaml.YAMLError, ValueError, OverflowError, RecursionError)

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


UNTAGGED = ""  # the tag of a plain scalar before anybody asks for it


def resolve(node: Any) -> str:
    """The tag of a scalar, which is that of YAML 1.1 from here on if it was none yet."""
    if node.tag == UNTAGGED:
        resolver: Any = yaml.resolver.Resolver()
        node.tag = resolver.resolve(yaml.ScalarNode, node.value, (True, False))
    return node.tag  # type: ignore[no-any-return]


def read_value(node: Any) -> Any:
    """A scalar as YAML reads it."""
    resolve(node)
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except UNREADABLE:
        return node.value


def read_parameter(node: Any) -> float | int | str:
    """A number, or the text of whatever else stands there."""
    if not isinstance(node, yaml.ScalarNode):
        return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
    value = read_value(node)
    return value if type(value) in (int, float) else node.value  # type: ignore[no-any-return]


def refused_parameter(name: str, node: Any, span: Span) -> Diagnostic:
    """That a value of `params` is neither a number nor a time."""
    shown = f"`{node.value}`" if isinstance(node, yaml.ScalarNode) else read_parameter(node)
    message = f"the parameter `{name}` is {shown}; it must be a number or a time such as `5ep`"
    return Diagnostic("LRD017", message, span)


def not_text(node: Any, span: Span, strict: bool) -> Diagnostic | None:
    """What is wrong with a scalar that YAML does not read as text; None for a plain number."""
    text, value = node.value, read_value(node)
    help_ = f"quote it if a text is meant: `'{text}'`"
    match node.tag.rpartition(":")[2]:
        case "null" if strict or not text:
            return _null(text, span, strict)
        case "bool":
            message = f"YAML reads `{text}` as {str(value).lower()}, which is no learning rate"
            return Diagnostic("LRD505", message, span, "warning", help_)
        case "timestamp":
            message = f"YAML reads `{text}` as a date, which is no learning rate"
            return Diagnostic("LRD505", message, span, "warning", help_)
        case "int" | "float" if text.lower().lstrip("+-") in (".nan", ".inf"):
            return Diagnostic("LRD504", f"`{text}` is no learning rate", span)
        case "int" | "float" if _surprising(text):
            message = f"YAML reads `{text}` as {value}"
            return Diagnostic("LRD505", message, span, "warning", f"write `{value}`")
    return None


def _null(text: str, span: Span, strict: bool) -> Diagnostic:
    severity = "error" if strict else "warning"
    message = f"`{text}` is no schedule" if text else "nothing stands here: YAML reads null"
    help_ = "give an expression; in quotes if it begins with `&`, `#`, `!` or `*`"
    if not strict:
        help_ += "; write `null` where none is meant"
    return Diagnostic("LRD504", message, span, severity, help_)  # type: ignore[arg-type]


def _surprising(text: str) -> bool:
    """Numbers that YAML 1.1 reads in base 2, 8, 16 or 60."""
    digits = text.lstrip("+-")
    return ":" in text or (digits[:1] == "0" and digits[1:2] in tuple("0123456789bxo_"))


def split_call(kind: str, span: Span) -> Diagnostic:
    message = f"this flow {kind} was split inside a call: quote the expression"
    return Diagnostic("LRD502", message, span, help=QUOTE)


def is_number(text: str) -> bool:
    """`1e-3` is text to YAML 1.1, but nobody means anything else than a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_balanced(text: str) -> bool:
    return all(text.count(a) == text.count(b) for a, b in ("()", "[]"))
