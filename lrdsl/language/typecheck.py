"""Type checking: a tree to all of its problems that show without a timeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lrdsl.errors.diagnostics import Diagnostic, Label, Span
from lrdsl.language.arguments import Given, match_arguments
from lrdsl.language.builtins import BUILTINS, LOCAL_NAMES, NAMES, Parameter
from lrdsl.language.library import STANDARD, Function, Library
from lrdsl.language.list_checks import list_problems
from lrdsl.language.names import (
    bad_word,
    check_hiding,
    check_param_name,
    name_type,
    unknown_function,
)
from lrdsl.language.operator_types import (
    OPERATORS,
    common_type,
    comparison_type,
    expect_type,
    mismatch,
)
from lrdsl.language.params import Parameters, parameter_node
from lrdsl.language.scope import Scope, Type
from lrdsl.syntax import tree
from lrdsl.syntax.tree import Node


def check(
    program: tree.Program,
    params: Parameters,
    *,
    interpolations: bool = False,
    library: Library = STANDARD,
) -> list[Diagnostic]:
    """The problems of a tree that show without a timeline, in order of position.

    With `interpolations`, an unresolved `${...}` is an unknown value, else an error.
    """
    names = {name: _param_type(name, value, interpolations) for name, value in params.items()}
    later = frozenset(binding.name for binding in program.bindings)
    scope = Scope(names, library, interpolations, later)
    for name in params:
        check_param_name(name, program.body.span, scope)
    _check_bindings(program, scope)
    _expect("number", program.body, scope)
    _check_use(program, params, scope)
    return sorted(scope.found, key=lambda each: (each.span, each.code))


def check_definition(function: Function, library: Library = STANDARD) -> list[Diagnostic]:
    """The problems of a library definition, with spans of its own text."""
    scope = Scope({}, library)
    definition = function.definition
    for parameter, node in zip(function.signature.parameters, definition.parameters, strict=True):
        if node.default is not None:
            _check_argument(parameter, node.default, "", scope)
        scope.names[parameter.name] = _PARAMETER_TYPES.get(parameter.type, "number")
    _expect("number", definition.body, scope)
    return scope.found


# Types of parameters inside their definition; those that are missing are numbers.
_PARAMETER_TYPES: dict[str, Type] = {"time": "time", "numbers": "list", "times": "list"}


def _param_type(name: str, value: Any, interpolations: bool) -> Type:
    if interpolations and isinstance(value, str) and "${" in value:
        return "any"
    return "time" if isinstance(parameter_node(name, value), tree.Time) else "number"


def _check_bindings(program: tree.Program, scope: Scope) -> None:
    """Check the names after `where`, in order; each may be used inside `cycle` or `recur`."""
    first: dict[str, Span] = {}
    for binding in program.bindings:
        check_hiding(binding.name, binding.name_span, scope)
        if binding.name in first:
            labels = (Label(first[binding.name], "first here"),)
            message = f"`{binding.name}` is given twice"
            scope.report("LRD015", message, binding.name_span, labels=labels)
        got = _infer(binding.value, replace(scope, local=LOCAL_NAMES))
        scope.names.setdefault(binding.name, got)
        first.setdefault(binding.name, binding.name_span)


def _check_use(program: tree.Program, params: Parameters, scope: Scope) -> None:
    """Warn of names that are given and never used."""
    given = {binding.name for binding in program.bindings}
    for binding in program.bindings:
        if binding.name not in scope.used:
            message = f"`{binding.name}` is never used"
            scope.report("LRD013", message, binding.name_span, severity="warning")
    for name in params:
        if name not in scope.used and name not in given:
            message = f"the parameter `{name}` is never used"
            scope.report("LRD013", message, program.body.span, severity="warning")


def _expect(wanted: Type, node: Node, scope: Scope) -> None:
    expect_type(wanted, _infer(node, scope), node, scope)


def _expect_time(node: Node, scope: Scope) -> None:
    """Check a time; a bare number counts epochs."""
    got = _infer(node, scope)
    if got == "truth":
        mismatch("time", got, node, scope)


def _infer(node: Node, scope: Scope) -> Type:
    """The type of an expression; problems inside it are reported."""
    match node:
        case tree.Number():
            return "number"
        case tree.Time():
            return "time"
        case tree.Name():
            return name_type(node, scope)
        case tree.Call() if node.name in OPERATORS:
            types = [_infer(operand, scope) for operand in node.operands]
            return OPERATORS[node.name](node, types, scope)
        case tree.Call():
            return _call(node, scope)
        case tree.Comparison():
            types = [_infer(operand, scope) for operand in node.operands]
            return comparison_type(node, types, scope)
        case tree.Sequence():
            return _sequence(node, scope)
        case tree.Bad():
            return bad_word(node, scope)
        case tree.Interpolation():
            if scope.interpolations:
                return "any"
            message = f"`{node.text}` is not resolved: an interpolation belongs to a config"
            return scope.report("LRD106", message, node.span, "give the value in `params`")
        case tree.List():
            for item in node.items:
                _infer(item, scope)
            message = "a list stands only as an argument"
            return scope.report("LRD103", message, node.span, "for example `pick([1, 2], 0)`")
    raise AssertionError(node)


def _sequence(node: tree.Sequence, scope: Scope) -> Type:
    for part in node.parts[:-1]:
        if part.duration is None:
            span = Span(part.span.end, part.span.end + 1)
            help_ = "say how long: `... for 5 epochs then ...`"
            scope.report("LRD005", "every part but the last needs `for`", span, help_)
    for part in node.parts:
        _expect("number", part.body, scope)
        if part.duration is not None:
            _expect_time(part.duration, scope)
    return "number"


def _call(node: tree.Call, scope: Scope) -> Type:
    signature = scope.library.signature(node.name)
    if signature is None:
        _check_loosely(node, scope)
        return unknown_function(node, scope)
    given, found = match_arguments(signature, node)
    if found:
        scope.found.extend(found)
        _check_loosely(node, scope)
        return "any" if signature.result == "quantity" else "number"
    if signature.result == "quantity":
        types = [_infer(operand, scope) for operand in node.operands]
        return common_type(node.operands, types, "beside", scope)
    for parameter in signature.parameters:
        for argument in given.get(parameter.name, ()):
            _check_argument(parameter, argument.value, node.name, scope)
    scope.found.extend(list_problems(node.name, dict(_lists(given))))
    return "number"


def _lists(given: Given) -> Iterator[tuple[str, tree.List]]:
    for name, (first, *_) in given.items():
        if isinstance(first.value, tree.List):
            yield name, first.value


def _check_loosely(node: tree.Call, scope: Scope) -> None:
    """Report what is wrong inside the arguments of a call that matches no signature."""
    inside = replace(scope, local=LOCAL_NAMES)
    for operand in node.operands:
        for each in operand.items if isinstance(operand, tree.List) else (operand,):
            _infer(each, inside)


def _check_argument(parameter: Parameter, node: Node, function: str, scope: Scope) -> None:
    match parameter.type:
        case "numbers" | "times":
            _check_list(parameter, node, scope)
        case "time":
            _expect_time(node, scope)
        case "schedule":
            # A library function may put its argument inside any other.
            local = {name for name in LOCAL_NAMES
                     if function not in BUILTINS or NAMES[name].inside == function}  # fmt: skip
            _expect("number", node, replace(scope, local=scope.local | local))
        case _:
            _expect("number", node, scope)


def _check_list(parameter: Parameter, node: Node, scope: Scope) -> None:
    match node:
        case tree.List():
            for item in node.items:
                if parameter.type == "times":
                    _expect_time(item, scope)
                else:
                    _expect("number", item, scope)
        case tree.Name() if scope.names.get(node.name) == "list":
            scope.used.add(node.name)
        case tree.Interpolation() if scope.interpolations:
            pass
        case _:
            if _infer(node, scope) != "any":
                message, help_ = f"`{parameter.name}` is a list", "write it in brackets: `[30, 60]`"
                scope.report("LRD103", message, node.span, help_)
