"""Argument matching: positional and named arguments of a call to the parameters of a signature."""

from __future__ import annotations

from lrdsl.errors.diagnostics import Diagnostic, Span
from lrdsl.language.builtins import Signature
from lrdsl.language.suggestions import suggestion
from lrdsl.syntax import tree

# The arguments of a call by the name of their parameter; the last one may have several.
Given = dict[str, list[tree.Argument]]


def match_arguments(signature: Signature, call: tree.Call) -> tuple[Given, list[Diagnostic]]:
    """The arguments of a call by parameter, and the problems of those that match none."""
    found: list[Diagnostic] = []
    given: Given = {}
    names = [parameter.name for parameter in signature.parameters]
    named = False
    for index, argument in enumerate(call.arguments):
        if argument.name is not None:
            named = True
            if argument.name not in names:
                found.append(_unknown_argument(signature, argument))
            elif argument.name in given:
                message = f"`{argument.name}` is given twice"
                found.append(Diagnostic("LRD015", message, argument.span))
            else:
                given[argument.name] = [argument]
        elif named:
            message = "a positional argument after a named one"
            found.append(Diagnostic("LRD015", message, argument.span, help=f"usage: `{signature}`"))
        elif index < len(names):
            given.setdefault(names[index], []).append(argument)
        elif signature.variadic:
            given[names[-1]].append(argument)
    if not found:
        found += _count_problem(signature, call, given)
    return given, found


def _unknown_argument(signature: Signature, argument: tree.Argument) -> Diagnostic:
    assert argument.name is not None
    span = Span(argument.span.start, argument.span.start + len(argument.name))
    close = suggestion(argument.name, [each.name for each in signature.parameters])
    help_ = f"did you mean `{close}`?" if close else f"usage: `{signature}`"
    message = f"unknown argument `{argument.name}` of `{signature.name}`"
    return Diagnostic("LRD012", message, span, help=help_)


def _count_problem(signature: Signature, call: tree.Call, given: Given) -> list[Diagnostic]:
    """[] or the one problem that there are too many arguments or too few."""
    most, least, got = len(signature.parameters), signature.required, len(call.arguments)
    missing = [p.name for p in signature.parameters if p.default is None and p.name not in given]
    if not missing and (got <= most or signature.variadic):
        return []
    if any(argument.name for argument in call.arguments) and got <= most:
        listed = ", ".join(f"`{name}`" for name in missing)
        message = f"`{signature.name}` needs {listed}"
    else:
        wanted = f"{least} or more arguments" if signature.variadic else _range(least, most)
        message = f"`{signature.name}` takes {wanted}, got {got}"
    return [Diagnostic("LRD011", message, call.name_span, help=f"usage: `{signature}`")]


def _range(least: int, most: int) -> str:
    noun = "argument" if most == 1 else "arguments"
    return f"{most} {noun}" if least == most else f"{least} to {most} {noun}"
