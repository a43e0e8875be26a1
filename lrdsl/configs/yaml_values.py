"""What YAML makes of a scalar where a schedule belongs, and how to say that it is none."""

from __future__ import annotations

from typing import Any

import yaml

from lrdsl.configs.yaml_tree import QUOTE, UNREADABLE, YamlNode, YamlScalar, YamlSequence
from lrdsl.errors.diagnostics import Diagnostic, Severity, Span

TEXT = "tag:yaml.org,2002:str"
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_RESOLVER: Any = yaml.resolver.Resolver()


def tag_of(scalar: YamlScalar) -> str:
    """The tag that is written, or else the one that YAML 1.1 gives a scalar of this look."""
    if scalar.tag not in (None, "!"):
        return scalar.tag
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, scalar.value, scalar.implicit)
    return tag


def read_value(scalar: YamlScalar) -> Any:
    """A scalar as YAML reads it; its text where that fails."""
    node = yaml.ScalarNode(tag_of(scalar), scalar.value)
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except UNREADABLE:
        return scalar.value


def read_parameter(node: YamlNode) -> float | int | str:
    """A number, or the text of whatever else stands there."""
    if not isinstance(node, YamlScalar):
        return "a list" if isinstance(node, YamlSequence) else "a mapping"
    value = read_value(node)
    return value if type(value) in (int, float) else node.value


def refused_parameter(name: str, node: YamlNode, span: Span) -> Diagnostic:
    """That a value of `params` is neither a number nor a time."""
    shown = f"`{node.value}`" if isinstance(node, YamlScalar) else read_parameter(node)
    message = f"the parameter `{name}` is {shown}; it must be a number or a time such as `5ep`"
    return Diagnostic("LRD017", message, span)


def not_text(scalar: YamlScalar, span: Span, strict: bool) -> Diagnostic | None:
    """What is wrong with a scalar that YAML does not read as text; None for a plain number.

    strict: nothing else than a schedule can be meant.
    """
    text, value = scalar.value, read_value(scalar)
    help_ = f"quote it if a text is meant: `'{text}'`"
    match tag_of(scalar).rpartition(":")[2]:
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
    severity: Severity = "error" if strict else "warning"
    message = f"`{text}` is no schedule" if text else "nothing stands here: YAML reads null"
    help_ = "give an expression; in quotes if it begins with `&`, `#`, `!` or `*`"
    if not strict:
        help_ += "; write `null` where none is meant"
    return Diagnostic("LRD504", message, span, severity, help_)


def _surprising(text: str) -> bool:
    """Numbers that YAML 1.1 reads in base 2, 8, 16 or 60."""
    digits = text.lstrip("+-")
    return ":" in text or (digits[:1] == "0" and digits[1:2] in tuple("0123456789bxo_"))


def list_for_schedule(span: Span, severity: Severity) -> Diagnostic:
    """That a list stands where a schedule belongs."""
    message = "a schedule is an expression, a name or a number, not a list"
    help_ = "a schedule of several values is `piecewise([30, 60], [0.1, 0.01, 0.001])`"
    return Diagnostic("LRD018", message, span, severity, help_)


def split_call(kind: str, span: Span) -> Diagnostic:
    """That a comma of an expression ended a value of a flow mapping or list."""
    message = f"this flow {kind} was split inside a call: quote the expression"
    return Diagnostic("LRD502", message, span, help=QUOTE)
