"""Typing rules of operators: the types of the operands to the type of the result.

Operands that do not fit are reported to the scope, and the result is `any`, which fits all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lrdsl.language.scope import Scope, Type
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node

Types = Sequence[Type]

WORDS = {"number": "a number", "time": "a time", "truth": "a condition"}
_MISMATCH_HELP = {
    ("number", "time"): "divide it by a time: `t / 1ep` counts epochs",
    ("number", "truth"): "choose with it: `a if condition else b`",
    ("truth", "number"): "compare it: `epoch < 5`",
}


def mismatch(wanted: Type, got: Type, node: Node, scope: Scope) -> Type:
    """Report an expression of type `got` where another one is needed."""
    code = "LRD102" if "truth" in (wanted, got) else "LRD101"
    message = f"{WORDS[got]} where {WORDS[wanted]} is needed"
    return scope.report(code, message, node.span, _MISMATCH_HELP.get((wanted, got)))


def expect_type(wanted: Type, got: Type, node: Node, scope: Scope) -> None:
    """Report an expression unless it has the type that is needed."""
    if got not in (wanted, "any"):
        mismatch(wanted, got, node, scope)


def quantity_type(got: Type, node: Node, scope: Scope) -> Type:
    """The type of an operand that may be a number or a time."""
    return mismatch("number", got, node, scope) if got == "truth" else got


def common_type(operands: Sequence[Node], types: Types, verb: str, scope: Scope) -> Type:
    """The type of operands that must be all numbers or all times; `verb` joins two in a message."""
    first: Type = "any"
    unknown = False
    for operand, inferred in zip(operands, types, strict=True):
        got = quantity_type(inferred, operand, scope)
        unknown = unknown or got == "any"
        if "any" not in (got, first) and got != first:
            message = f"{WORDS[got]} {verb} {WORDS[first]}"
            help_ = "give a number a unit (`5ep`), or divide a time by a time (`t / 1ep`)"
            negated = isinstance(operand, tree.Call) and operand.name == "-"
            inner = operand.operands[0] if negated else operand  # type: ignore[attr-defined]
            return scope.report("LRD101", message, inner.span, help_)
        first = got if first == "any" else first
    return "any" if unknown else first


def _sum(node: tree.Call, types: Types, scope: Scope) -> Type:
    return common_type(node.operands, types, "added to", scope)


def _unary(node: tree.Call, types: Types, scope: Scope) -> Type:
    return quantity_type(types[0], node.operands[0], scope)


def _product(node: tree.Call, types: Types, scope: Scope) -> Type:
    """Dimensional analysis: times multiply to a power of time, of which 0 and 1 are types."""
    power, unknown = 0, False
    for operand, inferred in zip(node.operands, types, strict=True):
        got = quantity_type(inferred, operand, scope)
        unknown = unknown or got == "any"
        inverse = isinstance(operand, tree.Call) and operand.name == "/"
        power += (got == "time") * (-1 if inverse else 1)
    if unknown:
        return "any"
    if power in (0, 1):
        return "time" if power else "number"
    message = "a time times a time" if power > 1 else "a number divided by a time"
    help_ = "a time divided by a time is a number: `t / 1ep` counts epochs"
    return scope.report("LRD101", message, node.span, help_)


def _floor_division(node: tree.Call, types: Types, scope: Scope) -> Type:
    left, right = (
        quantity_type(got, operand, scope)
        for got, operand in zip(types, node.operands, strict=True)
    )
    if "any" in (left, right):
        return "any"
    if left != right:
        message = f"{WORDS[left]} divided into whole parts by {WORDS[right]}"
        help_ = "`//` wants two numbers or two times: `t // 10ep`, `epoch // 10`"
        return scope.report("LRD101", message, node.span, help_)
    return "number"


def _power(node: tree.Call, types: Types, scope: Scope) -> Type:
    for got, operand in zip(types, node.operands, strict=True):
        expect_type("number", got, operand, scope)
    return "number"


def _logic(node: tree.Call, types: Types, scope: Scope) -> Type:
    if "any" in types:
        return "any"
    for got, operand in zip(types, node.operands, strict=True):
        if got != "truth":
            return mismatch("truth", got, operand, scope)
    return "truth"


def _choice(node: tree.Call, types: Types, scope: Scope) -> Type:
    (yes, test, no), (first, condition, second) = node.operands, types
    expect_type("truth", condition, test, scope)
    if first == second == "truth":
        return "truth"
    return common_type((yes, no), (first, second), "beside", scope)


OPERATORS: dict[str, Callable[[tree.Call, Types, Scope], Type]] = {
    "+": _sum,
    "-": _unary,
    "*": _product,
    "/": _unary,
    "//": _floor_division,
    "^": _power,
    "and": _logic,
    "or": _logic,
    "not": _logic,
    "if": _choice,
}


def comparison_type(node: tree.Comparison, types: Types, scope: Scope) -> Type:
    """The type of a chain of comparisons, whose operands must be all numbers or all times."""
    for got, operand in zip(types, node.operands, strict=True):
        if got == "truth":
            return scope.report("LRD102", "a condition cannot be compared", operand.span)
    known = [got for got in types if got != "any"]
    other = next((got for got in known if got != known[0]), None)
    if other is None:
        return "truth"
    message = f"{WORDS[known[0]]} compared with {WORDS[other]}"
    help_ = "compare like with like: `epoch < 5` or `t < 5ep`"
    return scope.report("LRD104", message, node.span, help_)
